// The one error class of dvm and the exit code of each kind. Wording is the thrower's, printing the reporter's.

/** Exit codes that scripts rely on; 0 is success, 128+n a signal. */
export const exitCodes = {
  failed: 1,
  usage: 2,
  config: 3,
  tool: 4,
  'not-found': 5,
  integrity: 6,
  busy: 7,
  network: 8,
  refused: 9,
  bug: 70,
} as const satisfies Record<string, number>

export type ErrorCode = keyof typeof exitCodes

interface Details {
  /** What to type, or what to do. */
  readonly hint?: string | undefined
  readonly cause?: unknown
  /** Where the whole story is. */
  readonly logFile?: string | undefined
  /** The last lines of that log, when they help. */
  readonly tail?: readonly string[] | undefined
  /** The Lima instance that did not answer, for who would ask it once more. */
  readonly unreachable?: string | undefined
}

/** A failure that dvm expected: `message` is what is wrong, `hint` what to type. Anything else thrown is a bug. */
export class DvmError extends Error {
  override readonly name = 'DvmError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly logFile: string | undefined
  readonly tail: readonly string[]
  readonly unreachable: string | undefined

  constructor(code: ErrorCode, message: string, details: Details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.hint = details.hint
    this.logFile = details.logFile
    this.tail = details.tail ?? []
    this.unreachable = details.unreachable
  }

  get exitCode(): number {
    return exitCodes[this.code]
  }

  /** The same failure, told with more or better words. */
  with(told: Details & { readonly message?: string }): DvmError {
    const { code, hint, logFile, tail, cause, unreachable } = this
    const kept = { hint, logFile, tail, cause, unreachable }
    return new DvmError(code, told.message ?? this.message, { ...kept, ...told })
  }
}

/** A VM has no account of that name, and so nothing of it either. */
export class NoAccount extends DvmError {}

/** True when this instance was lost: asking it again would only be waiting. */
export const isUnreachable = (error: unknown, instance: string): boolean =>
  error instanceof DvmError && error.unreachable === instance

/** A failure that names no log yet names this one; anything else stays as it is. */
export const withLogFile = (error: unknown, logFile: string): unknown =>
  error instanceof DvmError && error.logFile === undefined ? error.with({ logFile }) : error

/** The same with the log's last 20 lines, where it says more than the failure itself. */
export const withLog = (
  error: unknown,
  log: { readonly path: string; tail(lines: number): readonly string[] },
): unknown => {
  // What is refused is no failure of what the log is about, and its own lines are what would be lost.
  if (!(error instanceof DvmError) || error.logFile !== undefined || error.code === 'refused') return error
  const tail = log.tail(20)
  return error.with({ logFile: log.path, ...(tail.length > error.tail.length ? { tail } : {}) })
}

/** The run was stopped by a signal; carries nothing to print, only the exit code 128+n. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'

  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(`interrupted by ${signal}`)
    this.signal = signal
  }

  get exitCode(): number {
    return { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[this.signal]
  }
}

const conditions: Readonly<Record<string, string>> = {
  EACCES: 'check the owner and mode of that path',
  EPERM: 'check the owner and mode of that path',
  EROFS: 'it is on a file system that cannot be written',
  ENOSPC: 'free some space there',
  EFBIG: 'files may not be that big there: see ulimit -f, or use another file system',
  EIO: 'its disk cannot be read or written: see the system’s log',
  EDQUOT: 'your quota is used up there: free some space',
  ENOTDIR: 'a part of that path is a file, not a directory',
  EISDIR: 'that path is a directory, not a file',
  EEXIST: 'something else stands at that path',
  ENAMETOOLONG: 'use a shorter path',
  ELOOP: 'that link leads to itself',
  EMFILE: 'raise the limit of open files: ulimit -n 4096',
}

/** A condition of the machine (a full disk, a closed directory) is no bug of dvm's: what to do about it, with the path. */
export const conditionOf = (error: unknown): DvmError | undefined => {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  const hint = conditions[String(error.code)]
  return hint === undefined
    ? undefined
    : new DvmError('failed', error.message.replace(/^[A-Z]+: /, ''), { hint, cause: error })
}

/** A failure in dvm's own words: as it was thrown, or as a condition of the machine. Undefined for a bug. */
export const expectedOf = (error: unknown): DvmError | undefined =>
  error instanceof DvmError ? error : conditionOf(error)

/** What went wrong, from anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** True for an operating system error of that name, for example `ENOENT`. */
export const isErrno = (error: unknown, ...codes: string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code))
