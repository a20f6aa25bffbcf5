// Logs: private files that hold everything a step printed, started anew by each run.
import { closeSync, constants, fchmodSync, openSync, statSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DvmError, messageOf } from '../core/errors.ts'
import { redact } from '../core/redact.ts'
import { ensurePrivateDirectory } from '../system/files.ts'

export interface Log {
  readonly path: string
  /** Adds one line, at once; a full disk loses the line, not the run. */
  line(text: string): void
  /** The last n lines, at most 200. */
  tail(n: number): readonly string[]
  close(): void
}

export interface Logs {
  /** Starts a log anew; a relative path is one in the state directory. Close it at the end of the run. */
  open(path: string): Log
  pathOf(vm: string, name: 'lima' | 'setup' | 'dev-base' | `project-${string}`): string
  /** The log of `base build`. */
  readonly basePath: string
  /** Hands on what is added to these files from now on, until the signal. One that is started anew is read from its start. */
  follow(paths: readonly string[], signal: AbortSignal, onText: (text: string) => void): Promise<void>
}

const kept = 200

/** `live` gets each line as well, when the run is verbose. */
export const createLogs = (stateDir: string, live?: (line: string) => void): Logs => ({
  open: (path) => openLog(resolve(stateDir, path), live),
  pathOf: (vm, name) => join(stateDir, vm, `${name}.log`),
  basePath: join(stateDir, 'base', 'build.log'),
  follow: followFiles,
})

const followEveryMs = 300

/** Looks at sizes: watching would cost a library, and a log that grows is looked at by a person. */
const followFiles: Logs['follow'] = async (paths, signal, onText) => {
  const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  const read = new Map(paths.map((path) => [path, sizeOf(path)]))
  while (!signal.aborted) {
    await sleep(followEveryMs, undefined, { signal }).catch(() => undefined)
    for (const path of paths) {
      const size = sizeOf(path)
      const from = read.get(path) ?? 0
      read.set(path, size)
      const start = size < from ? 0 : from
      if (size > start) onText(await readPart(path, start, size))
    }
  }
  signal.throwIfAborted()
}

const readPart = async (path: string, start: number, end: number): Promise<string> => {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start)
    return buffer.subarray(0, bytesRead).toString()
  } finally {
    await file.close()
  }
}

/** @throws DvmError `failed` when the file cannot be made. */
export const openLog = (
  path: string,
  live?: (line: string) => void,
  write: (file: number, text: string) => unknown = writeSync,
): Log => {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
  let file: number | undefined
  try {
    ensurePrivateDirectory(dirname(path))
    file = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600)
    fchmodSync(file, 0o600)
  } catch (error) {
    if (file !== undefined) closeSync(file)
    throw new DvmError('failed', `the log cannot be written: ${messageOf(error)}`, {
      hint: `check the owner, mode and free space of '${dirname(path)}'`,
      cause: error,
    })
  }
  const last: string[] = []
  return {
    path,
    line: (line) => {
      const text = redact(line)
      last.push(text)
      if (last.length > 2 * kept) last.splice(0, last.length - kept)
      live?.(text)
      if (file === undefined) return
      try {
        write(file, `${text}\n`)
      } catch {
        // Out of space. What the log is about will say so itself; its tail is still in memory.
      }
    },
    tail: (n) => last.slice(Math.max(0, last.length - Math.min(n, kept))),
    close: () => {
      if (file !== undefined) closeSync(file)
      file = undefined
    },
  }
}
