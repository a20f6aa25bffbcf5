// `dvm base build`: from the user's Containerfile to a published generation. Until the last step nothing visible changes.
import { DvmError } from '../core/errors.ts'
import { shortName, type Generation } from '../core/generation.ts'
import { describeHolder } from '../core/holder.ts'
import type { Log } from '../ports/logs.ts'
import { planBase, type BasePlan } from './base-plan.ts'
import { got, type BuildOptions, type BuildRun } from './build-run.ts'
import { diskSteps } from './disk-steps.ts'
import { imageSteps } from './image-steps.ts'
import type { Deps } from './deps.ts'
import { publishBase } from './publish-base.ts'

export interface BuildResult {
  readonly generation: Generation
  readonly outcome: 'unchanged' | 'switched' | 'built'
}

/**
 * Builds the base unless an equal one is kept.
 * @throws DvmError; the base that was current stays current.
 */
export const buildBase = async (deps: Deps, options: BuildOptions): Promise<BuildResult> => {
  const force = options.clean || options.noCache
  // Most runs end here, before any lock and any call to Lima.
  const first = await planBase(deps)
  if (!force && isCurrent(first)) return { generation: first.equal, outcome: 'unchanged' }
  return deps.locks.hold(
    'base',
    {
      wait: options.wait,
      signal: deps.signal,
      onWait: (holder) => deps.report.note(`waiting for ${describeHolder(holder)}`),
    },
    async () => {
      const plan = await planBase(deps)
      await deps.store.sweep()
      if (!force && isCurrent(plan)) return { generation: plan.equal, outcome: 'unchanged' }
      if (!force && plan.equal !== undefined) {
        const generation = await publishBase(deps, plan.equal)
        return { generation, outcome: 'switched' }
      }
      tellWhy(deps, plan, options)
      const log = deps.logs.open(deps.logs.basePath)
      try {
        return { generation: await runBuild(deps, plan, options, log), outcome: 'built' }
      } catch (error) {
        throw error instanceof DvmError && error.logFile === undefined
          ? new DvmError(error.code, error.message, {
              hint: error.hint,
              tail: error.tail,
              cause: error.cause,
              logFile: log.path,
            })
          : error
      } finally {
        log.close()
      }
    },
  )
}

const isCurrent = (plan: BasePlan): plan is BasePlan & { readonly equal: Generation } =>
  plan.equal !== undefined && plan.equal.disk === plan.current?.disk

const tellWhy = (deps: Deps, plan: BasePlan, options: BuildOptions): void => {
  const { changes, current } = plan
  if (options.clean) deps.report.note('building with a fresh builder, as asked (--clean)')
  else if (options.noCache) deps.report.note('building without the layer cache, as asked (--no-cache)')
  else if (current === undefined) deps.report.note('there is no base yet: building the first one')
  else deps.report.note(`changed since ${shortName(current.metadata.generation)}: ${changes.join(', ')}`)
  for (const path of plan.secrets)
    deps.report.warn(
      `left out of the build, because it looks like a secret: ${path} (to ship it, put !${path} into .containerignore)`,
    )
}

const runBuild = async (deps: Deps, plan: BasePlan, options: BuildOptions, log: Log): Promise<Generation> => {
  const run: BuildRun = { deps, plan, options, log, made: {} }
  await deps.runSteps([...imageSteps(run), ...diskSteps(run)])
  return got(run.made.generation)
}
