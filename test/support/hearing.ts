// Waits for what a watcher tells, instead of for time to pass.
import assert from 'node:assert/strict'

const limitMs = 20_000

export interface Hearing {
  /** For the watcher. */
  readonly onChange: (path: string) => void
  /** Since the last act. */
  readonly told: string[]
  /** All that was ever told. */
  readonly all: ReadonlySet<string>
  /** Acts, and resolves when these paths were told after that. */
  readonly after: (act: () => void, ...paths: readonly string[]) => Promise<void>
}

export const hearing = (): Hearing => {
  const told: string[] = []
  const all = new Set<string>()
  let wake = (): void => undefined
  return {
    told,
    all,
    onChange: (path) => {
      told.push(path)
      all.add(path)
      wake()
    },
    after: async (act, ...paths) => {
      told.length = 0
      act()
      const late = AbortSignal.timeout(limitMs)
      while (!paths.every((path) => told.includes(path))) {
        assert.ok(!late.aborted, `not told: ${paths.filter((path) => !told.includes(path)).join(', ')}`)
        const news = Promise.withResolvers<void>()
        wake = news.resolve
        late.addEventListener('abort', () => news.resolve(), { once: true })
        await news.promise
      }
    },
  }
}
