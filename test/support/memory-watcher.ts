// A watcher that sees what the test tells it, and a clock that stands still until the test turns it.
import { dirname } from 'node:path'
import type { DvmError } from '../../src/core/errors.ts'
import type { Watcher, WatchRequest } from '../../src/ports/watcher.ts'
import type { Timer } from '../../src/tasks/settled.ts'

export interface MemoryWatcher {
  readonly watcher: Watcher
  /** How many watch now. */
  readonly watching: number
  /** As if something at these paths had changed. */
  touch(...paths: readonly string[]): void
  lose(error: DvmError): void
}

/** Whether one looks there: below a root, and all the way to it of interest. */
const sees = (request: WatchRequest, path: string): boolean => {
  if (request.interest(path) === 'none') return false
  if (request.roots.includes(path)) return true
  return dirname(path) !== path && sees(request, dirname(path))
}

export const createMemoryWatcher = (): MemoryWatcher => {
  const requests = new Set<WatchRequest>()
  const all = (): readonly WatchRequest[] => {
    if (requests.size === 0) throw new Error('nobody watches')
    return [...requests]
  }
  return {
    get watching() {
      return requests.size
    },
    watcher: {
      watch: (request) => {
        requests.add(request)
        return Promise.resolve({
          close: () => {
            requests.delete(request)
            return Promise.resolve()
          },
        })
      },
    },
    touch: (...paths) => {
      for (const request of all())
        for (const path of paths.filter((each) => sees(request, each))) request.onChange(path)
    },
    lose: (error) => {
      for (const request of all()) request.onLost(error)
    },
  }
}

export interface MemoryTimer extends Timer {
  /** How long is waited for, by each who waits. */
  readonly waiting: readonly number[]
  /** Everything that is waited for happens, or only what is waited for so long. */
  run(ms?: number): void
}

export const createMemoryTimer = (): MemoryTimer => {
  const waiting = new Set<{ readonly ms: number; readonly action: () => void }>()
  return {
    after: (ms, action) => {
      const entry = { ms, action }
      waiting.add(entry)
      return () => void waiting.delete(entry)
    },
    get waiting() {
      return [...waiting].map(({ ms }) => ms)
    },
    run: (ms) => {
      // What one of them calls off does not happen.
      for (const entry of [...waiting].filter((each) => ms === undefined || each.ms === ms))
        if (waiting.delete(entry)) entry.action()
    },
  }
}
