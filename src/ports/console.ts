// The serial console of a VM, which Lima writes to files: the only witness when a guest does not come up.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

export interface Consoles {
  /** Bytes in each console log now, to look only at what comes after. */
  size(instanceDirectory: string): Promise<ConsoleMark>
  /** The last lines of all console logs of an instance, without control characters. Empty when there are none. */
  tail(instanceDirectory: string, lines: number, since?: ConsoleMark): Promise<readonly string[]>
}

export type ConsoleMark = Readonly<Record<string, number>>

const logsOf = async (directory: string): Promise<string[]> =>
  (await readdir(directory).catch(() => [])).filter((name) => /^serial[a-z]*\.log$/.test(name)).sort()

export const createConsoles = (): Consoles => ({
  size: async (directory) =>
    Object.fromEntries(
      await Promise.all(
        (await logsOf(directory)).map(async (name) => [
          name,
          await stat(join(directory, name)).then(
            (stats) => stats.size,
            () => 0,
          ),
        ]),
      ),
    ) as ConsoleMark,
  tail: async (directory, lines, since = {}) => {
    const texts = await Promise.all(
      (await logsOf(directory)).map(async (name) => {
        const bytes = await readFile(join(directory, name)).catch(() => Buffer.alloc(0))
        // Lima starts the log anew at each boot: a file that shrank has nothing old in it.
        const mark = since[name] ?? 0
        return bytes.subarray(mark <= bytes.length ? mark : 0).toString('latin1')
      }),
    )
    return texts
      .flatMap((text) => stripVTControlCharacters(text).split(/[\r\n]+/))
      .map((line) => line.trimEnd())
      .filter((line) => line !== '')
      .slice(-lines)
  },
})
