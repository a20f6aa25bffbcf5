// Which files of the base directory go into the build, and which look like secrets and stay. Paths only; no I/O.
import dockerignoreModule from '@balena/dockerignore'
import { isEditorFile } from './editor-files.ts'
import { readByDvm } from './read-by-dvm.ts'

/** Never part of the context: dvm's own record, and version control. */
const always = ['.git', '.containerignore', '.dockerignore', 'flavour']

/** File names that hold secrets by convention. They are shipped only when an ignore file says so with `!name`. */
const secretNames =
  /^(\.env(\..+)?|\.netrc|\.npmrc|\.pypirc|\.pgpass|id_(rsa|dsa|ecdsa|ed25519)|.+\.(pem|key|p12|pfx|kdbx)|credentials|\.git-credentials|auth\.json)$/i

// The package is CommonJS and types itself as ESM, so its default export is declared one level too deep.
const dockerignore = dockerignoreModule as unknown as typeof dockerignoreModule.default

export interface ContextRules {
  /** True for a file that goes into the build. */
  readonly ships: (path: string) => boolean
  /** True for a file left out only because its name says that it is a secret. */
  readonly looksSecret: (path: string) => boolean
}

/**
 * The rules of one base directory.
 * @param ignoreText `.containerignore` or `.dockerignore`, in Docker's syntax; undefined without one
 * @param hasDevBase `dev/` is the dev-base's own context then, not this one's
 */
export const contextRules = (ignoreText: string | undefined, hasDevBase: boolean): ContextRules => {
  const ignore = dockerignore({ ignorecase: false }).add(ignoreText ?? '')
  const rescued = new Set(
    (ignoreText ?? '')
      .split(/\r?\n/)
      .filter((line) => line.startsWith('!'))
      .map((line) =>
        line
          .slice(1)
          .trim()
          .replace(/^\.?\//, ''),
      ),
  )
  const top = new Set([...always, ...(hasDevBase ? ['dev'] : [])])
  const nameOf = (path: string): string => path.split('/').at(-1) ?? ''
  const looksSecret = (path: string): boolean => secretNames.test(nameOf(path)) && !rescued.has(path)
  // An open editor must not change what a base is, nor may a copy of a secret that it keeps get into one.
  const isEditors = (path: string): boolean => isEditorFile(nameOf(path)) && !rescued.has(path)
  const kept = (path: string): boolean =>
    readByDvm.includes(path) ||
    (!top.has(path.split('/')[0] ?? '') && !ignore.ignores(path) && !isEditors(path))
  return {
    ships: (path) => kept(path) && !looksSecret(path),
    looksSecret: (path) => kept(path) && looksSecret(path),
  }
}
