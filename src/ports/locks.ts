// One command at a time on a resource, across processes.
//
// A lock is an open SQLite transaction on a file that never gets any content. Why not a pid file or a directory: the kernel
// drops SQLite's fcntl lock when the process ends, however it ends, so kill -9 leaves nothing stale, taking over has no
// race and no pid can be mistaken for another. Why SQLite for it: Node has no flock of its own, node:sqlite is built in,
// and unlike a bare fcntl lock it also excludes two holders in one process. Children do not inherit it, so a hostagent
// that outlives dvm does not keep it.
// Who holds it is in a JSON file beside, written after the lock is taken; it is a courtesy, never what decides.
// Nothing in dvm may open a .lock file with node:fs: closing it would drop this process's own lock on it (POSIX).
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DvmError, isErrno } from '../core/errors.ts'
import { describeHolder } from '../core/holder.ts'
import type { Holder } from '../core/holder.ts'
import { ensurePrivateDirectory } from '../system/files.ts'

export type { Holder } from '../core/holder.ts'

export interface HoldOptions {
  /** False: fail at once with `busy` instead of waiting. */
  readonly wait: boolean
  /** Told who is waited for, once per holder. */
  readonly onWait: (holder: Holder) => void
  readonly signal: AbortSignal
}

export interface Locks {
  /**
   * Runs the action while this process holds the resource, for example `base`, `builder`, `vm:app`. Not reentrant.
   * @throws DvmError `busy` naming the holder, with `wait: false`; the signal's reason when it is aborted while waiting.
   */
  hold<T>(resource: string, options: HoldOptions, action: () => Promise<T>): Promise<T>
  /** Who holds the resource now, or undefined. */
  holder(resource: string): Promise<Holder | undefined>
}

const pollMs = 150
/** How long a lock may look taken with nobody's name on it: a holder() look elsewhere, or a holder about to sign. */
const nobodyMs = 600

export const createLocks = (directory: string, command: string): Locks => {
  /** The open transaction, or undefined when another one has it. */
  const take = async (resource: string): Promise<DatabaseSync | undefined> => {
    const { DatabaseSync } = await import('node:sqlite')
    ensurePrivateDirectory(directory)
    const path = join(directory, `${fileNameOf(resource)}.lock`)
    let database: DatabaseSync | undefined
    try {
      database = new DatabaseSync(path, { timeout: 0 })
      database.exec('BEGIN EXCLUSIVE')
      return database
    } catch (error) {
      database?.close()
      if (codeOf(error) === sqliteBusy) return undefined
      throw new DvmError('failed', `the lock ${path} cannot be used: ${(error as Error).message}`, {
        hint: `check the directory's owner and free space; if the file is damaged: rm '${path}'`,
        cause: error,
      })
    }
  }
  const signature = (resource: string): string => join(directory, `${fileNameOf(resource)}.holder.json`)
  const sign = (resource: string): void => {
    const holder: Holder = { pid: process.pid, startTime: new Date().toISOString(), command }
    const path = signature(resource)
    const temporary = `${path}.${process.pid}`
    writeFileSync(temporary, JSON.stringify(holder), { mode: 0o600 })
    renameSync(temporary, path)
  }
  /** Whose name is on it; undefined when nobody's, or that of a process that is gone. */
  const signer = (resource: string): Holder | undefined => {
    const holder = readHolder(signature(resource))
    return holder !== undefined && isAlive(holder.pid) ? holder : undefined
  }
  const release = (resource: string, database: DatabaseSync): void => {
    rmSync(signature(resource), { force: true })
    if (database.isTransaction) database.exec('ROLLBACK')
    database.close()
  }

  const acquire = async (resource: string, options: HoldOptions): Promise<DatabaseSync> => {
    let told: number | undefined
    let since = Date.now()
    for (;;) {
      options.signal.throwIfAborted()
      const database = await take(resource)
      if (database !== undefined) return database
      const seen = signer(resource)
      const holder = seen ?? (Date.now() - since > nobodyMs ? unknownHolder(since) : undefined)
      if (holder !== undefined) {
        if (!options.wait)
          throw new DvmError('busy', `${resource} is in use by ${describeHolder(holder)}`, {
            hint: 'wait for it to end, or leave out --no-wait',
          })
        if (told !== holder.pid) options.onWait(holder)
        told = holder.pid
        since = Date.now()
      }
      await sleep(holder === undefined ? 20 : pollMs, undefined, { signal: options.signal }).catch(() => {
        options.signal.throwIfAborted()
      })
    }
  }

  return {
    hold: async (resource, options, action) => {
      const database = await acquire(resource, options)
      try {
        sign(resource)
        return await action()
      } finally {
        release(resource, database)
      }
    },
    holder: async (resource) => {
      const database = await take(resource)
      if (database === undefined) return signer(resource) ?? unknownHolder(Date.now())
      if (database.isTransaction) database.exec('ROLLBACK')
      database.close()
      return undefined
    },
  }
}

const sqliteBusy = 5

const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined

/** A resource as a file name: safe, and different for different resources also where case does not count. */
const fileNameOf = (resource: string): string => {
  const name = resource.replaceAll(/[^a-z0-9-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  )
  return name.length <= 150 ? name : `${name.slice(0, 80)}.${createHash('sha256').update(name).digest('hex')}`
}

const unknownHolder = (since: number): Holder => ({
  pid: 0,
  startTime: new Date(since).toISOString(),
  command: 'another process',
})

const readHolder = (path: string): Holder | undefined => {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof value !== 'object' || value === null) return undefined
    const { pid, startTime, command } = value as Partial<Record<keyof Holder, unknown>>
    return typeof pid === 'number' && typeof startTime === 'string' && typeof command === 'string'
      ? { pid, startTime, command }
      : undefined
  } catch {
    return undefined
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isErrno(error, 'EPERM')
  }
}
