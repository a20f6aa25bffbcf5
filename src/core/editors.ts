// The editors that open a directory on another machine over ssh by themselves, and how each is told. Pure.
import { DvmError } from './errors.ts'

export interface Editor {
  readonly name: string
  /** Its command, under the names that it is installed as. */
  readonly programs: readonly string[]
  readonly args: (host: string, path: string) => readonly string[]
}

/** Visual Studio Code and its relatives, through their Remote - SSH extension. */
const code = (name: string): Editor => ({
  name,
  programs: [name],
  args: (host, path) => ['--remote', `ssh-remote+${host}`, path],
})

/** A workspace may be anywhere (PROJ_WORKDIR), and a `#` or `%` in a URL means something. */
const urlPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/')

/** In the order in which they are looked for. */
export const editors: readonly Editor[] = [
  code('code'),
  code('cursor'),
  code('windsurf'),
  code('code-insiders'),
  code('codium'),
  // Linux distributions call it zeditor, because zed is another program there.
  { name: 'zed', programs: ['zed', 'zeditor'], args: (host, path) => [`ssh://${host}${urlPath(path)}`] },
]

export const editorNames = editors.map(({ name }) => name)

/**
 * The editor of that name.
 * @throws DvmError `usage` with the names that there are.
 */
export const editorOf = (name: string): Editor => {
  const editor = editors.find((one) => one.name === name)
  if (editor !== undefined) return editor
  throw new DvmError('usage', `${JSON.stringify(name)} is no editor that dvm knows`, {
    hint: `--editor or DVM_EDITOR, one of: ${editorNames.join(', ')}`,
  })
}
