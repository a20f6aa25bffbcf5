// `dvm sync --all`: side by side as far as memory goes, a line per VM; one VM's failure stops nobody else.
import { expectedOf } from '../core/errors.ts'
import { instanceOf } from '../core/names.ts'
import { boundOf } from '../core/side-by-side.ts'
import { gib } from '../core/sizes.ts'
import type { Deps } from './deps.ts'
import { nestedIn } from './nested-steps.ts'
import type { Step } from './steps.ts'
import { syncVm, type SyncOptions } from './sync.ts'
import { loadVmConfig } from './vm-config.ts'

export interface SyncAllOptions extends SyncOptions {
  /** How many at the same time; undefined: what memory allows. */
  readonly jobs: number | undefined
}

/** How many may be brought up at the same time: what the VMs that run leave of the memory, whoever's they are. */
const boundFor = async (deps: Deps, names: readonly string[]): Promise<number> => {
  const running = (await deps.lima.list()).filter(({ status }) => status === 'Running')
  const taken = running.reduce((sum, { memory }) => sum + memory, 0)
  const runs = new Set(running.map(({ name }) => name))
  const needs = await Promise.all(
    names
      .filter((name) => !runs.has(instanceOf(name)))
      // One whose configuration cannot be read is not started either.
      .map((name) =>
        loadVmConfig(deps, name).then(
          ({ memory }) => memory * gib,
          () => 0,
        ),
      ),
  )
  const { memory, cpus } = deps.host
  return boundOf(
    { memory: memory - taken, cpus },
    needs.filter((need) => need > 0),
    names.length,
  )
}

/** Resolves to what failed, each failure with the name of its VM. */
export const syncAll = async (
  deps: Deps,
  names: readonly string[],
  { jobs, wait }: SyncAllOptions,
): Promise<readonly unknown[]> => {
  if (names.length === 0) {
    deps.report.note('no VM has a configuration yet: dvm new NAME')
    return []
  }
  const limit = jobs ?? (await boundFor(deps, names))
  const steps = names.map((name): Step => ({
    title: name,
    run: async (voice) => {
      const told = (line: string): void => voice.note(`${name}: ${line}`)
      const own: Deps = {
        ...deps,
        runSteps: nestedIn({ ...voice, note: told }, deps.signal),
        report: { note: told, warn: (line) => deps.report.warn(`${name}: ${line}`) },
      }
      try {
        await syncVm(own, name, { wait })
      } catch (error) {
        const known = expectedOf(error)
        throw known?.with({ message: `${name}: ${known.message}` }) ?? error
      }
    },
  }))
  const failures = await deps.runSideBySide(steps, limit)
  deps.signal.throwIfAborted()
  if (names.length > 1) deps.report.note(`${names.length - failures.length} of ${names.length} VMs are ready`)
  return failures
}
