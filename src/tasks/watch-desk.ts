// Does what core/watch.ts says, each place for itself, and tells how it went.
import { DvmError, expectedOf, isErrno, messageOf } from '../core/errors.ts'
import {
  basePlace,
  idle,
  watchStep,
  type Place,
  type WatchAction,
  type WatchEvent,
  type WatchState,
} from '../core/watch.ts'
import type { Deps } from './deps.ts'
import { buildWatched, sayingOf, syncWatched, type Say } from './watch-actions.ts'
import type { Tell } from './watch-story.ts'

export type Changed = (place: Place, files: readonly string[]) => void

export interface DeskOptions {
  readonly bootTest: boolean
  readonly tell: Tell
}

/** @throws the error itself when dvm has no words for it. */
export const known = (error: unknown): DvmError => {
  const found = expectedOf(error)
  if (found !== undefined) return found
  // Files come and go under a watch: one was there when it was listed, and gone when it was read.
  if (isErrno(error, 'ENOENT'))
    return new DvmError('failed', messageOf(error).replace(/^[A-Z]+: /, ''), {
      hint: 'save it again',
      cause: error,
    })
  throw error
}

export interface Desk {
  readonly changed: Changed
  /** Stops what is being done; resolves when it is taken back. */
  readonly close: () => Promise<void>
}

/** @param onBug told what went wrong that dvm has no words for */
export const openDesk = (
  deps: Deps,
  { tell, bootTest }: DeskOptions,
  onBug: (error: unknown) => void,
): Desk => {
  let state: WatchState = idle
  let isClosed = false
  const stops = new Map<Place, AbortController>()
  const sayings = new Map<Place, () => Say>()
  const running = new Set<Promise<void>>()

  const happens = (event: WatchEvent): void => {
    if (isClosed || deps.signal.aborted) return
    const { state: after, actions } = watchStep(state, event)
    state = after
    for (const action of actions) perform(action)
  }
  const perform = ({ action, place, files }: WatchAction): void => {
    if (action === 'later') tell({ kind: 'later', place, files })
    else if (action === 'stop') {
      tell({ kind: 'stopping', place, files })
      stops.get(place)?.abort()
    } else {
      const work = begin(place, files)
        .catch(onBug)
        .finally(() => {
          running.delete(work)
          happens({ event: 'ended', place })
        })
      running.add(work)
    }
  }
  const begin = async (place: Place, files: readonly string[]): Promise<void> => {
    const stop = new AbortController()
    stops.set(place, stop)
    const until = AbortSignal.any([deps.signal, stop.signal])
    const saying = sayings.get(place) ?? sayingOf(place, tell)
    sayings.set(place, saying)
    const onDisk = (): void => happens({ event: 'closed', place })
    const act = place === basePlace ? buildWatched : syncWatched
    const begun = performance.now()
    try {
      await act(deps, { place, files, until, bootTest, tell, onDisk }, saying())
    } catch (error) {
      // Whoever stopped it knows.
      if (!until.aborted) tell({ kind: 'failed', place, error: known(error), ms: performance.now() - begun })
    }
  }
  return {
    changed: (place, files) => happens({ event: 'changed', place, files }),
    close: async () => {
      isClosed = true
      for (const stop of stops.values()) stop.abort()
      await Promise.all(running)
    },
  }
}
