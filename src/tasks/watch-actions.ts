// What a watch does to one place, told in few lines: a build or a sync with its steps unseen, unless the run is verbose.
import { describeHolder } from '../core/holder.ts'
import { basePlace, type Place } from '../core/watch.ts'
import { buildBase } from './base-build.ts'
import { planBase } from './base-plan.ts'
import type { Deps, Report } from './deps.ts'
import { assembleTitle } from './disk-steps.ts'
import { nestedIn } from './nested-steps.ts'
import type { RunSteps } from './steps.ts'
import { syncVm } from './sync.ts'
import type { Tell } from './watch-story.ts'

export interface WatchAct {
  readonly place: Place
  readonly files: readonly string[]
  /** Ends it. */
  readonly until: AbortSignal
  readonly bootTest: boolean
  readonly tell: Tell
  /** Told once, when a build comes to its disk. */
  readonly onDisk: () => void
}

/** Says what there is to say of a place, but not the same again at its next action: KVM is still missing then. */
export type Say = (kind: 'said' | 'warned', text: string) => void

export const sayingOf = (place: Place, tell: Tell): (() => Say) => {
  let before: ReadonlySet<string> = new Set()
  let now = new Set<string>()
  return () => {
    before = now
    now = new Set()
    return (kind, text) => {
      if (!before.has(text) && !now.has(text)) tell({ kind, place, text })
      now.add(text)
    }
  }
}

/** Ports of the action's own, which end with it and are quiet. */
const portsFor = (deps: Deps, until: AbortSignal, report: Report, say: Say): Deps => {
  if (deps.env.verbose) return deps.apart(until, deps.report)
  const own = deps.apart(until, report)
  return {
    ...own,
    runSteps: nestedIn({ progress: () => undefined, note: (text) => say('said', text) }, until),
  }
}

/** @throws DvmError as `buildBase` does */
export const buildWatched = async (deps: Deps, act: WatchAct, say: Say): Promise<void> => {
  const { until, tell, files, bootTest, onDisk } = act
  // Why a build is needed was told when the files changed.
  const report: Report = { note: () => undefined, warn: (text) => say('warned', text) }
  const own = portsFor(deps, until, report, say)
  const runSteps: RunSteps = async (steps) => {
    // At the first look nobody knows yet what is different.
    const changed = files.length > 0 ? files : (await planBase(own)).changes
    tell({ kind: 'begun', place: basePlace, files: changed })
    return own.runSteps(
      steps.map((step) => ({
        ...step,
        run: (voice) => {
          if (step.title === assembleTitle) onDisk()
          return step.run(voice)
        },
      })),
    )
  }
  const hold: Deps['locks']['hold'] = (resource, options, action) => {
    const onWait: typeof options.onWait = (holder) => {
      options.onWait(holder)
      if (!deps.env.verbose) say('said', `waiting for ${describeHolder(holder)}`)
    }
    return own.locks.hold(resource, { ...options, onWait }, action)
  }
  const begun = performance.now()
  const { outcome, generation } = await buildBase(
    { ...own, runSteps, locks: { ...own.locks, hold } },
    { clean: false, noCache: false, bootTest, wait: true },
  )
  const ms = performance.now() - begun
  tell({ kind: outcome, generation: generation.metadata.generation, files, ms })
}

/** @throws DvmError as `syncVm` does */
export const syncWatched = async (deps: Deps, act: WatchAct, say: Say): Promise<void> => {
  const { place, files, until, tell } = act
  const report: Report = { note: (text) => say('said', text), warn: (text) => say('warned', text) }
  tell({ kind: 'begun', place, files })
  const begun = performance.now()
  await syncVm(portsFor(deps, until, report, say), place, { wait: true })
  tell({ kind: 'synced', place, ms: performance.now() - begun })
}
