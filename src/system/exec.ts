// The only place that starts processes (the only execa import). It knows nothing of what it runs.
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import { execa } from 'execa'
import type { Command, Completed } from '../core/command.ts'
import { renderCommand } from '../core/command.ts'
import { linesOf, type Lines } from './lines.ts'

export type OnLine = (line: string, stream: 'stdout' | 'stderr') => void

export interface Streams {
  /** Bytes for stdin, streamed. */
  readonly from?: Readable
  /** Receives stdout, streamed; `Completed.stdout` is then empty. */
  readonly to?: Writable
  /** An open file that becomes the process's stdin itself: no byte of it passes through here. */
  readonly fromFile?: number
  /** An open file that becomes the process's stdout itself; `Completed.stdout` is then empty. */
  readonly toFile?: number
}

/** Starts processes. Never throws for a process that failed: that is data. */
export interface Exec {
  /**
   * Runs with output captured. With `onLine` each line is handed to that as it comes, and only the end of the output is kept: it may be
   * any number of megabytes, and there is always one who has seen them.
   */
  capture(command: Command, onLine?: OnLine): Promise<Completed>
  /** As capture, with stdin from and stdout to a stream, in constant memory. */
  stream(command: Command, streams: Streams, onLine?: OnLine): Promise<Completed>
  /**
   * Gives the process this terminal, with an empty stdin when told so, or with one that stays empty and ends when this process does
   * (`held`). Resolves to its exit code (128+n for a signal, 127 when missing).
   */
  attach(command: Command, options?: { readonly stdin?: boolean | 'held' }): Promise<number>
}

/** A process that runs already. */
export interface Begun {
  readonly command: Command
  readonly completed: Promise<Completed>
  /** Ends it, unless it has ended: nobody needs it any more. */
  drop(): void
}

/** Starts what `capture` of an equal command will be asked for, before whoever asks is loaded. */
export const begin = (command: Command, signal: AbortSignal): Begun => {
  const unneeded = new AbortController()
  const completed = createExec(AbortSignal.any([signal, unneeded.signal])).capture(command)
  return { command, completed, drop: () => unneeded.abort() }
}

/**
 * @param signal aborts whatever runs, its descendants included
 * @param begun is not run again: the first who captures an equal command gets its end
 */
export const createExec = (signal: AbortSignal, begun?: Begun): Exec => {
  let early = begun
  const run = async (command: Command, streams: Streams, onLine?: OnLine): Promise<Completed> => {
    const elsewhere = streams.to !== undefined || streams.toFile !== undefined
    const started = Date.now()
    const child = execa(command.file, command.args, {
      reject: false,
      cancelSignal: signal,
      killDescendants: true,
      stripFinalNewline: true,
      ...(command.timeoutMs === undefined ? {} : { timeout: command.timeoutMs }),
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      ...(command.env === undefined ? {} : { env: command.env, extendEnv: false }),
      ...(command.input === undefined
        ? {
            stdin:
              descriptor(streams.fromFile) ??
              (streams.from === undefined ? 'ignore' : [streams.from, 'pipe']),
          }
        : { input: command.input }),
      stdout: elsewhere
        ? (descriptor(streams.toFile) ?? (streams.to === undefined ? 'ignore' : [streams.to, 'pipe']))
        : 'pipe',
      stderr: 'pipe',
      // Not kept by execa, whose limit would end the process.
      buffer: { stdout: onLine === undefined && !elsewhere, stderr: onLine === undefined },
      encoding: 'utf8',
    } as const)
    const broken: unknown[] = []
    const teller = (stream: 'stdout' | 'stderr') => (line: string) => {
      try {
        if (broken.length === 0) onLine?.(line, stream)
      } catch (error) {
        // Thrown from here it would end dvm at once, with nothing taken back.
        broken.push(error)
      }
    }
    const heard =
      onLine === undefined
        ? undefined
        : {
            stdout: elsewhere ? undefined : hear(child.stdout, teller('stdout')),
            stderr: hear(child.stderr, teller('stderr')),
          }
    // A process that was stopped is over when it exits, even if another one still holds its output: ssh hands its
    // descriptors to the master of its connection, which keeps them open for as long as the remote command runs.
    child.nodeChildProcess.once('exit', () => {
      const release = (): void => void setTimeout(() => releaseOutput(child.nodeChildProcess), 200)
      const left = (command.timeoutMs ?? Infinity) - (Date.now() - started)
      if (signal.aborted || left <= 0) return release()
      // It may also be stopped while nobody but that other one is left.
      const timer = left === Infinity ? undefined : setTimeout(release, left)
      signal.addEventListener('abort', release)
      child.nodeChildProcess.once('close', () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', release)
      })
    })
    const result = await child
    if (broken.length > 0) throw broken[0]
    const text = (value: unknown, lines: Lines | undefined): string => {
      if (lines === undefined) return typeof value === 'string' ? value : ''
      lines.end()
      return lines.tail()
    }
    return {
      command: renderCommand(command),
      exitCode: result.exitCode,
      code: 'code' in result && typeof result.code === 'string' ? result.code : undefined,
      stdout: text(result.stdout, heard?.stdout),
      stderr: text(result.stderr, heard?.stderr),
      timedOut: result.timedOut,
      canceled: result.isCanceled,
    }
  }

  return {
    capture: (command, onLine) => {
      // After an abort an end that came before it counts no more.
      const unfit = onLine !== undefined || signal.aborted
      if (early === undefined || unfit || !isDeepStrictEqual(command, early.command))
        return run(command, {}, onLine)
      const { completed } = early
      early = undefined
      return completed
    },
    stream: run,
    attach: async (command, { stdin = true } = {}) => {
      // No killDescendants here: a new process group would make a terminal child a background job.
      const result = await execa(command.file, command.args, {
        reject: false,
        cancelSignal: signal,
        stdio: [stdin === 'held' ? 'pipe' : stdin ? 'inherit' : 'ignore', 'inherit', 'inherit'],
        ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
        ...(command.env === undefined ? {} : { env: command.env, extendEnv: false }),
      })
      if (result.exitCode !== undefined) return result.exitCode
      return result.signal === undefined ? 127 : 128 + (signalNumbers[result.signal] ?? 1)
    },
  }
}

const hear = (output: Readable | null, onLine: (line: string) => void): Lines => {
  const lines = linesOf(onLine)
  output?.on('data', (bytes: Buffer) => lines.push(bytes))
  return lines
}

/** execa takes any open descriptor; its types know those up to 9. */
const descriptor = (fd: number | undefined): 3 | undefined => fd as 3 | undefined

const releaseOutput = (child: ChildProcess): void => {
  child.stdout?.destroy()
  child.stderr?.destroy()
}

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }
