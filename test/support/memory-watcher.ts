// A watcher that sees what the test tells it, and a clock that stands still until the test turns it.
import type { DvmError } from '../../src/core/errors.ts'
import type { Watcher, WatchRequest } from '../../src/ports/watcher.ts'
import type { Timer } from '../../src/tasks/settled.ts'

export interface MemoryWatcher {
  readonly watcher: Watcher
  /** Undefined until somebody watches, and when nobody does any more. */
  request: WatchRequest | undefined
  /** As if something at these paths had changed. */
  touch(...paths: readonly string[]): void
  lose(error: DvmError): void
}

export const createMemoryWatcher = (): MemoryWatcher => {
  const now = (memory: MemoryWatcher): WatchRequest => {
    if (memory.request === undefined) throw new Error('nobody watches')
    return memory.request
  }
  const memory: MemoryWatcher = {
    request: undefined,
    watcher: {
      watch: (request) => {
        memory.request = request
        return Promise.resolve({
          close: () => {
            memory.request = undefined
            return Promise.resolve()
          },
        })
      },
    },
    touch: (...paths) => {
      for (const path of paths) now(memory).onChange(path)
    },
    lose: (error) => now(memory).onLost(error),
  }
  return memory
}

export interface MemoryTimer extends Timer {
  /** How long is waited for, by each who waits. */
  readonly waiting: readonly number[]
  /** Everything that is waited for happens. */
  run(): void
}

export const createMemoryTimer = (): MemoryTimer => {
  const waiting = new Map<() => void, number>()
  return {
    after: (ms, action) => {
      waiting.set(action, ms)
      return () => void waiting.delete(action)
    },
    get waiting() {
      return [...waiting.values()]
    },
    run: () => {
      const due = [...waiting.keys()]
      waiting.clear()
      for (const action of due) action()
    },
  }
}
