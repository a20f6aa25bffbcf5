// What `dvm watch` does when: changes in, actions out. It knows neither files nor time.
//
// The base and each VM are places of their own, and places never wait for each other. At one place there is one action at a time.
// A newer change stops a build that has not come to its disk yet, because its result would be thrown away. It waits for one that has,
// because little of that build is left, and for a sync, because a setup.sh that is cut off may leave anything behind.

/** The base, or a VM by its name: no VM can be called `base`. */
export type Place = string
export const basePlace: Place = 'base'

/** `open`: a newer change stops it. `closed`: a newer change waits. `stopping`: it was told to stop. */
type Phase = 'open' | 'closed' | 'stopping'

interface Work {
  readonly phase: Phase
  /** What changed, for which it was begun. None: the first look. */
  readonly files: readonly string[]
  /** What changed since; undefined: nothing. */
  readonly next: readonly string[] | undefined
}

/** What is being done, by place. */
export type WatchState = ReadonlyMap<Place, Work>

export type WatchEvent =
  | { readonly event: 'changed'; readonly place: Place; readonly files: readonly string[] }
  /** The work is so far that it will be finished. */
  | { readonly event: 'closed'; readonly place: Place }
  /** In whichever way. */
  | { readonly event: 'ended'; readonly place: Place }

export interface WatchAction {
  /** `later`: nothing to do now, but worth telling. */
  readonly action: 'begin' | 'stop' | 'later'
  readonly place: Place
  readonly files: readonly string[]
}

export const idle: WatchState = new Map()

const together = (before: readonly string[], after: readonly string[]): readonly string[] => [
  ...new Set([...before, ...after]),
]

/** One event; the actions are to be taken in order. */
export const watchStep = (
  state: WatchState,
  event: WatchEvent,
): { readonly state: WatchState; readonly actions: readonly WatchAction[] } => {
  const { place } = event
  const work = state.get(place)
  const put = (
    after: Work | undefined,
    ...actions: readonly WatchAction[]
  ): { state: WatchState; actions: readonly WatchAction[] } => {
    const all = new Map(state)
    if (after === undefined) all.delete(place)
    else all.set(place, after)
    return { state: all, actions }
  }
  const begin = (files: readonly string[]) =>
    put(
      { phase: place === basePlace ? 'open' : 'closed', files, next: undefined },
      { action: 'begin', place, files },
    )
  if (event.event === 'closed')
    return work?.phase === 'open' ? put({ ...work, phase: 'closed' }) : { state, actions: [] }
  if (event.event === 'ended') {
    if (work?.next === undefined) return put(undefined)
    // What a stopped build was begun for is not done yet.
    return begin(work.phase === 'stopping' ? together(work.files, work.next) : work.next)
  }
  const { files } = event
  if (work === undefined) return begin(files)
  const next = together(work.next ?? [], files)
  if (work.phase === 'open')
    return put({ ...work, phase: 'stopping', next }, { action: 'stop', place, files })
  // One that is stopping already will begin again with all of it.
  if (work.phase === 'stopping') return put({ ...work, next })
  return put({ ...work, next }, { action: 'later', place, files })
}
