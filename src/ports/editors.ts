// Programs of the person's own that dvm starts for them: is one there, and run it.
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Exec } from '../system/exec.ts'

export interface Editors {
  /** The first of these that is on PATH. */
  find(programs: readonly string[]): Promise<string | undefined>
  /** Starts one with these words; resolves to its exit code. Editors hand over to their window and end at once. */
  open(program: string, args: readonly string[]): Promise<number>
}

const isProgram = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

export const createEditors = (
  exec: Exec,
  variables: Readonly<Record<string, string | undefined>>,
): Editors => ({
  find: async (programs) => {
    // A part that is not absolute (an empty one is `.`) depends on where dvm is called: no place for a choice of editors.
    const directories = (variables['PATH'] ?? '').split(delimiter).filter((part) => isAbsolute(part))
    for (const program of programs)
      for (const directory of directories) if (await isProgram(join(directory, program))) return program
    return undefined
  },
  open: (program, args) => exec.attach({ file: program, args }, { stdin: false }),
})
