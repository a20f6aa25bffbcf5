// All printing: results to stdout, the story to stderr, errors with what to type and where the log is.
import { homedir } from 'node:os'
import type { Report } from '../tasks/deps.ts'
import { expectedOf, messageOf } from '../core/errors.ts'
import { shown, shownJson, shownOfTool } from './printable.ts'

export interface Output {
  readonly isTTY?: boolean | undefined
  write(text: string): unknown
}

export interface Reporter extends Report {
  /** One line of the result. */
  print(line: string): void
  /** Text of the result as it is, with its own ends of lines. */
  text(text: string): void
  /** The result as one JSON document. */
  json(value: unknown): void
  /** The result as columns; cells of a column are padded to the widest. */
  table(header: readonly string[], rows: readonly (readonly string[])[]): void
  /** Shows a text in place of the last such one, until the next line; an empty one takes it away. Undefined where no cursor may move. */
  readonly progress: ((text: string) => void) | undefined
  /** A failure, whole: what is wrong, the log's last lines, what to type, the log's path. */
  error(error: unknown, debug: boolean): void
}

const homeDirectory = (): string => homedir().replace(/(.)\/+$/, '$1')

/** A path as a person writes it: the home directory as `~`. */
export const tilde = (path: string, home = homeDirectory()): string =>
  path === home || path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path

/** A sentence with its paths written that way. Not for commands: a shell takes a quoted `~` as it is. */
export const tildes = (text: string, home = homeDirectory()): string =>
  text
    .split(home)
    .reduce((before, after) =>
      /(^|[\s"(])$/.test(before) && after.startsWith('/') ? `${before}~${after}` : `${before}${home}${after}`,
    )

export const createReporter = (stdout: Output, stderr: Output, color: boolean): Reporter => {
  const painted = color && stderr.isTTY === true
  const paint = (code: number, text: string): string => (painted ? `\u001B[${code}m${text}\u001B[0m` : text)
  let latest = ''
  const progress = (text: string): void => {
    if (latest !== text) stderr.write(`\r\u001B[K${shownOfTool(text)}`)
    latest = text
  }
  const story = (line: string, mark = ''): void => {
    progress('')
    stderr.write(`${mark}${shown(line)}\n`)
  }
  const print = (line: string): void => void stdout.write(`${shown(line)}\n`)
  return {
    print,
    text: (text) => void stdout.write(text),
    json: (value) => void stdout.write(`${shownJson(value, 2)}\n`),
    table: (header, rows) => {
      const lines = [header, ...rows]
      const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
      for (const line of lines)
        print(
          line
            .map((cell, column) => cell.padEnd(widths[column] ?? 0))
            .join('  ')
            .trimEnd(),
        )
    },
    progress: painted ? progress : undefined,
    note: (line) => story(line),
    warn: (line) => story(line, `${paint(33, 'warning:')} `),
    error: (thrown, debug) => {
      const error = expectedOf(thrown)
      if (error === undefined) {
        story(messageOf(thrown), `${paint(31, 'dvm: a bug in dvm:')} `)
        if (thrown instanceof Error && thrown.stack !== undefined) story(thrown.stack)
        story('please report it with the text above and the command you typed')
        return
      }
      story(tildes(error.message), `${paint(31, 'dvm:')} `)
      for (const line of error.tail) story(`  | ${shownOfTool(line)}`)
      if (error.hint !== undefined) story(error.hint, `  ${paint(36, 'try:')} `)
      if (error.logFile !== undefined) story(`  log: ${tilde(error.logFile)}`)
      if (debug && error.stack !== undefined) story(error.stack)
      if (debug && error.cause instanceof Error)
        story(`caused by ${error.cause.stack ?? error.cause.message}`)
    },
  }
}
