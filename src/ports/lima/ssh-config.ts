// Reads the ssh configuration that Lima writes beside an instance, for what a client of the person's own needs. Pure.
import type { SshEndpoint } from './types.ts'

/** Lima 2.2 puts paths between double quotes and escapes nothing in them, so what is between them is the path. */
const unquoted = (value: string): string => /^"(.*)"$/.exec(value)?.[1] ?? value

/** Undefined when it names no key or no port. */
export const parseSshConfig = (text: string): SshEndpoint | undefined => {
  const values = (keyword: RegExp): readonly string[] =>
    text.split('\n').flatMap((line) => {
      const [, word = '', value = ''] = /^\s*(\w+)\s+(.*?)\s*$/.exec(line) ?? []
      return keyword.test(word) ? [unquoted(value)] : []
    })
  const identityFiles = values(/^identityfile$/i)
  const port = Number(values(/^port$/i)[0])
  return identityFiles.length > 0 && Number.isInteger(port) && port > 0 && port <= 65_535
    ? { identityFiles, port, loginUser: values(/^user$/i)[0] }
    : undefined
}
