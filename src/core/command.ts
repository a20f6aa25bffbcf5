// A process to run, as plain data: dry run prints it, logs record it, the real run executes the same value.
// Knows nothing of how processes are started.

/** One process: an argv array (never a shell string), with what it is fed and what bounds it. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd?: string
  /** The whole environment of the process when given; otherwise it inherits dvm's own. */
  readonly env?: Readonly<Record<string, string>>
  /** Text for stdin; without it stdin is empty. */
  readonly input?: string
  /** Milliseconds after which the process and its descendants are stopped. */
  readonly timeoutMs?: number
}

/** How a process ended. A non-zero exit is data here; adapters decide what it means. */
export interface Completed {
  /** The command as text, escaped, for logs. */
  readonly command: string
  /** Undefined when the process never started or died of a signal. */
  readonly exitCode: number | undefined
  /** Errno name when the process could not be started, for example ENOENT. */
  readonly code: string | undefined
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
  readonly canceled: boolean
}

const safeWord = /^[\w@%+=:,./-]+$/

/** Quotes one word for a POSIX shell. Used to print commands, and for the remote side of ssh, which has no argv. */
export const quoteWord = (word: string): string =>
  safeWord.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

/**
 * Quotes a path for a hint that a person pastes into bash or zsh. One line whatever is in the name: what would break it is written
 * as octal bytes, which POSIX shells do not know, so this is not for scripts.
 */
export const quotePath = (path: string): string =>
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(path)
    ? `$'${path.replaceAll(/[\\'\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, octal)}'`
    : `'${path.replaceAll("'", `'\\''`)}'`

const octal = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')

/** A command as a line that a person can paste into a shell. */
export const renderCommand = (command: Pick<Command, 'file' | 'args'>): string =>
  [command.file, ...command.args].map(quoteWord).join(' ')
