// A process that begins while the code that is to run it still loads: what it takes to start and to answer passes meanwhile.
// On Node's own spawn, because execa is part of what loads. Only for what merely looks: nobody may come for it. (`dvm ls`: 100 ms, not 125.)
import { spawn, type ChildProcess } from 'node:child_process'
import { kill } from 'node:process'
import { isDeepStrictEqual } from 'node:util'
import { renderCommand, type Command, type Completed } from '../core/command.ts'

/** What has begun. */
export interface Begun {
  /** How it ends, for the first who runs an equal command. Undefined for all others, and when it could not be started. */
  take(command: Command, signal: AbortSignal): Promise<Completed> | undefined
  /** Ends it, unless it has ended: nobody needs it any more. */
  drop(): void
}

/** @param command without input */
export const begin = (command: Command): Begun => {
  const child = start(command)
  const output = { stdout: gather(child?.stdout), stderr: gather(child?.stderr) }
  const began = child?.pid !== undefined
  let over = !began
  let taken = false
  // One that did not start; whoever runs it in the usual way is told why.
  child?.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => {
    // Not its exit: another process may hold its output.
    child?.once('close', () => {
      over = true
      resolve()
    })
  })
  const drop = (): void => {
    if (over || child?.pid === undefined) return
    try {
      // Its descendants as well.
      kill(-child.pid, 'SIGKILL')
    } catch {
      // None of them is left.
    }
    // One that left the group may hold them open.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  const finish = async (signal: AbortSignal, timeoutMs: number | undefined): Promise<Completed> => {
    let timedOut = false
    const expire = (): void => {
      timedOut = !over && !signal.aborted
      drop()
    }
    const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs)
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
      // Also when it had ended by itself: whoever waits is to stop.
      canceled: signal.aborted && !timedOut,
    }
  }
  return {
    take: (wanted, signal) => {
      if (taken || !began || !same(wanted, command)) return undefined
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
    // As one that did not start.
    return undefined
  }
}

/** Collects what comes, until it is asked for. */
const gather = (stream: NodeJS.ReadableStream | null | undefined): (() => string) => {
  const pieces: Buffer[] = []
  stream?.on('data', (piece: Buffer) => pieces.push(piece))
  // What is missing then is missed by who reads the rest.
  stream?.on('error', () => undefined)
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
