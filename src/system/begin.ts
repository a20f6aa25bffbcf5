// A process that begins while the code that is to run it still loads: what it takes to start and to answer passes meanwhile.
// On Node's own spawn, because execa is part of what loads. Only for what merely looks: nobody may come for it. (`dvm ls`: 100 ms, not 125.)
import { spawn, type ChildProcess } from 'node:child_process'
import { kill } from 'node:process'
import { isDeepStrictEqual } from 'node:util'
import { renderCommand, type Command, type Completed } from '../core/command.ts'

/** What has begun. */
export interface Begun {
  /** How it ended, for the first who runs an equal command. Undefined for another command, and for one that did not start. */
  take(command: Command, signal: AbortSignal): Promise<Completed> | undefined
  /** Ends it, unless it has ended. Nobody needs it, or the program ends. */
  drop(): void
}

/** @param command without input */
export const begin = (command: Command): Begun => {
  const child = start(command)
  const output = { stdout: gather(child?.stdout), stderr: gather(child?.stderr) }
  let failed = child?.pid === undefined
  let over = failed
  let taken = false
  const ended = new Promise<void>((resolve) => {
    child?.once('error', () => {
      failed = true
    })
    child?.once('exit', () => {
      over = true
    })
    child?.once('close', () => resolve())
  })
  const drop = (): void => {
    if (over || child?.pid === undefined) return
    over = true
    try {
      // Its descendants as well.
      kill(-child.pid, 'SIGKILL')
    } catch {
      // It ended meanwhile.
    }
    // One that left the group may hold them open.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  const finish = async (signal: AbortSignal, timeoutMs: number | undefined): Promise<Completed> => {
    let timedOut = false
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = !over
            drop()
          }, timeoutMs)
    if (signal.aborted) drop()
    signal.addEventListener('abort', drop)
    await ended
    clearTimeout(timer)
    signal.removeEventListener('abort', drop)
    return {
      command: renderCommand(command),
      exitCode: child?.exitCode ?? undefined,
      code: undefined,
      stdout: output.stdout(),
      stderr: output.stderr(),
      timedOut,
      canceled: signal.aborted && child?.signalCode === 'SIGKILL',
    }
  }
  return {
    take: (wanted, signal) => {
      if (taken || failed || !same(wanted, command)) return undefined
      taken = true
      return finish(signal, wanted.timeoutMs)
    },
    drop,
  }
}

const start = ({ file, args, cwd, env }: Command): ChildProcess | undefined => {
  try {
    return spawn(file, args, {
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      // A group of its own, so that it can be ended with all that it started.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch {
    // Whoever runs it in the usual way is told why.
    return undefined
  }
}

/** Collects what comes, until it is asked for. */
const gather = (stream: NodeJS.ReadableStream | null | undefined): (() => string) => {
  const pieces: Buffer[] = []
  stream?.on('data', (piece: Buffer) => pieces.push(piece))
  return () =>
    Buffer.concat(pieces)
      .toString('utf8')
      .replace(/\r?\n$/, '')
}

const same = (one: Command, other: Command): boolean =>
  isDeepStrictEqual(
    [one.file, one.args, one.cwd, one.env, one.input],
    [other.file, other.args, other.cwd, other.env, undefined],
  )
