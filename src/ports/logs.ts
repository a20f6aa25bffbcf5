// Logs: private files that hold everything a step printed, started anew by each run.
import { closeSync, constants, fchmodSync, openSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DvmError, messageOf } from '../core/errors.ts'
import { redact } from '../core/redact.ts'
import { ensurePrivateDirectory } from '../system/files.ts'
import { createLogReader, type LogReader } from './log-reader.ts'

export type { LogReader } from './log-reader.ts'

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
  /** Reads the log at a path, from its start. */
  reader(path: string): LogReader
  /** Hands on what comes to these logs from now on, until the signal; then it throws the signal's reason. */
  follow(
    readers: readonly LogReader[],
    signal: AbortSignal,
    onText: (text: string, path: string) => void,
  ): Promise<never>
}

const kept = 200

/** `live` gets each line as well, when the run is verbose. */
export const createLogs = (stateDir: string, live?: (line: string) => void): Logs => ({
  open: (path) => openLog(resolve(stateDir, path), live),
  pathOf: (vm, name) => join(stateDir, vm, `${name}.log`),
  basePath: join(stateDir, 'base', 'build.log'),
  reader: createLogReader,
  follow: followLogs,
})

const followEveryMs = 300

/** Looks again and again: watching would cost a library, and a log that grows is looked at by a person. */
const followLogs: Logs['follow'] = async (readers, signal, onText) => {
  for (;;) {
    await sleep(followEveryMs, undefined, { signal }).catch(() => undefined)
    signal.throwIfAborted()
    for (const reader of readers) await reader.more((text) => onText(text, reader.path))
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
