// How many VMs may be brought up at the same time. Pure.

/** More only wait for the same disk. */
const most = 8

export interface Room {
  /** Bytes that no VM has yet. */
  readonly memory: number
  readonly cpus: number
}

/**
 * @param needs bytes of memory of each VM that has to be started; one that runs already needs none
 * @param all how many VMs there are in all
 */
export const boundOf = ({ memory, cpus }: Room, needs: readonly number[], all: number): number => {
  let left = memory
  let fitting = 0
  // The biggest first: whichever come together, they fit.
  for (const need of needs.toSorted((a, b) => b - a)) {
    left -= need
    if (left < 0) break
    fitting += 1
  }
  const started = needs.length === 0 || fitting === needs.length ? all : fitting
  return Math.max(1, Math.min(most, started, needs.length === 0 ? most : cpus))
}
