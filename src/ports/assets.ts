// Files that ship with dvm: templates and pins. Read when needed, never at start.
import { readFile } from 'node:fs/promises'
import { parsePins, type Pins } from '../core/pins.ts'
import { packagePath } from '../system/paths.ts'

export interface Assets {
  /** Where a file or folder under templates/ is. */
  path(relative: string): string
  /** A template's text. */
  text(relative: string): Promise<string>
  pins(): Promise<Pins>
}

export const createAssets = (): Assets => {
  const path = (relative: string): string => packagePath(`templates/${relative}`)
  return {
    path,
    text: (relative) => readFile(path(relative), 'utf8'),
    pins: async () => parsePins(await readFile(packagePath('pins.json'), 'utf8')),
  }
}
