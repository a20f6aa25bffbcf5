// Waits until nothing more happens: editors save in several steps, and tools write several files.

export interface Timer {
  /** Runs the action later, unless it is called off. */
  after(ms: number, action: () => void): () => void
}

export const realTimer: Timer = {
  after: (ms, action) => {
    const timeout = setTimeout(action, ms)
    return () => clearTimeout(timeout)
  },
}

export interface Settled {
  add(item: string): void
  /** Forgets what came so far. */
  stop(): void
}

/** Hands on everything that came, once, when nothing came for so long. */
export const settled = (timer: Timer, ms: number, action: (items: readonly string[]) => void): Settled => {
  const items = new Set<string>()
  let callOff = (): void => undefined
  return {
    add: (item) => {
      items.add(item)
      callOff()
      callOff = timer.after(ms, () => {
        const all = [...items]
        items.clear()
        action(all)
      })
    },
    stop: () => {
      callOff()
      items.clear()
    },
  }
}
