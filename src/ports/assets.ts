// Files that ship with dvm: templates and pins. Read when needed, never at start.
import { readFile } from 'node:fs/promises'
import type { Pins } from '../core/pin.ts'
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
    pins: async () => {
      // Brings a YAML parser along, which most commands do without.
      const { parsePins } = await import('../core/pins-text.ts')
      return parsePins(await readFile(packagePath('pins.json'), 'utf8'))
    },
  }
}
