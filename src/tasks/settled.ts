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

export interface Waiting {
  /** How long nothing must have come, in milliseconds. */
  readonly quietMs: number
  /** The longest that anything waits, in milliseconds, for what never pauses. */
  readonly longestMs: number
}

/** Hands on everything that came, once, when nothing came for so long. */
export const settled = (
  timer: Timer,
  { quietMs, longestMs }: Waiting,
  action: (items: readonly string[]) => void,
): Settled => {
  const items = new Set<string>()
  const nothing = (): void => undefined
  let callOffQuiet = nothing
  let callOffLongest = nothing
  const take = (): readonly string[] => {
    callOffQuiet()
    callOffLongest()
    const all = [...items]
    items.clear()
    return all
  }
  const handOn = (): void => action(take())
  return {
    add: (item) => {
      if (items.size === 0) callOffLongest = timer.after(longestMs, handOn)
      items.add(item)
      callOffQuiet()
      callOffQuiet = timer.after(quietMs, handOn)
    },
    stop: () => void take(),
  }
}
