// The serial console of a VM, which Lima writes to files: the only witness when a guest does not come up.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

export interface Consoles {
  /** The last lines of all console logs of an instance, without control characters. Empty when there are none. */
  tail(instanceDirectory: string, lines: number): Promise<readonly string[]>
}

export const createConsoles = (): Consoles => ({
  tail: async (directory, lines) => {
    const names = await readdir(directory).catch(() => [])
    const logs = names.filter((name) => /^serial[a-z]*\.log$/.test(name)).sort()
    const texts = await Promise.all(
      logs.map((name) => readFile(join(directory, name), 'latin1').catch(() => '')),
    )
    return texts
      .flatMap((text) => stripVTControlCharacters(text).split(/[\r\n]+/))
      .map((line) => line.trimEnd())
      .filter((line) => line !== '')
      .slice(-lines)
  },
})
