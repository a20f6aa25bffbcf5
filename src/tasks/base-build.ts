// `dvm base build`: from the user's Containerfile to a published generation. Until the last step nothing visible changes.
import { DvmError, withLogFile } from '../core/errors.ts'
import { shortName, type Generation } from '../core/generation.ts'
import type { Log } from '../ports/logs.ts'
import { planBase, type BasePlan } from './base-plan.ts'
import { got, type BuildOptions, type BuildRun } from './build-run.ts'
import { diskSteps } from './disk-steps.ts'
import { imageSteps } from './image-steps.ts'
import { locked } from './locked.ts'
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
  if ((await isCurrent(deps, first)) && !force && first.equal !== undefined)
    return { generation: first.equal, outcome: 'unchanged' }
  await checkPlace(deps)
  return locked(
    deps,
    'base',
    async (): Promise<BuildResult> => {
      const plan = await planBase(deps)
      await deps.store.sweep()
      if ((await isCurrent(deps, plan)) && !force && plan.equal !== undefined)
        return { generation: plan.equal, outcome: 'unchanged' }
      if (!force && plan.equal !== undefined) {
        const generation = await publishBase(deps, plan.equal, deps.report)
        return { generation, outcome: 'switched' }
      }
      tellWhy(deps, plan, options)
      const log = deps.logs.open(deps.logs.basePath)
      try {
        return { generation: await runBuild(deps, plan, options, log), outcome: 'built' }
      } catch (error) {
        throw withLogFile(error, log.path)
      } finally {
        log.close()
      }
    },
    { wait: options.wait },
  )
}

/** Known before minutes are spent: where the base is to be found can be a link to it. */
const checkPlace = async ({ env, store }: Deps): Promise<void> => {
  const { baseImage } = env
  if (baseImage === undefined || baseImage === store.defaultImage) return
  const why = await store.cannotLinkAt(baseImage)
  if (why !== undefined)
    throw new DvmError('config', `DVM_BASE_IMAGE ${why}: ${baseImage}`, {
      hint: 'set it to the path of the disk image itself, in a directory of yours, or unset it',
    })
}

/** Nothing to do: equal inputs, current, and where VMs look for it. */
const isCurrent = async (deps: Deps, plan: BasePlan): Promise<boolean> => {
  if (plan.equal === undefined || plan.equal.disk !== plan.current?.disk) return false
  const { baseImage } = deps.env
  if (baseImage === undefined || baseImage === deps.store.defaultImage) return true
  const [wanted, there] = await Promise.all([
    deps.files.resolve(plan.equal.disk),
    deps.files.resolve(baseImage),
  ])
  return there !== undefined && there.path === wanted?.path
}

const tellWhy = (deps: Deps, plan: BasePlan, options: BuildOptions): void => {
  const { changes, current } = plan
  if (options.clean) deps.report.note('building with a fresh builder, as asked (--clean)')
  else if (options.noCache) deps.report.note('building without the layer cache, as asked (--no-cache)')
  else if (current === undefined) deps.report.note('there is no base yet: building the first one')
  else deps.report.note(`changed since ${shortName(current.metadata.generation)}: ${changes.join(', ')}`)
  for (const path of plan.secrets)
    deps.report.warn(
      `left out of the build, because it looks like a secret: ${path} (to ship it, put !${path} into ${plan.ignoreFile})`,
    )
}

const runBuild = async (deps: Deps, plan: BasePlan, options: BuildOptions, log: Log): Promise<Generation> => {
  const run: BuildRun = { deps, plan, options, log, made: {} }
  try {
    await deps.runSteps([...imageSteps(run), ...diskSteps(run)])
  } catch (error) {
    throw await lostBuilder(run, error)
  }
  return got(run.made.generation)
}

/** A builder that went away in the middle is the reason, whatever it was doing; the next build repairs it. */
const lostBuilder = async ({ deps, made }: BuildRun, error: unknown): Promise<unknown> => {
  const isSuspect = error instanceof DvmError && error.code === 'failed' && !deps.signal.aborted
  if (!isSuspect || made.builder === undefined) return error
  if (await deps.builder.answers(made.builder))
    return error.with({
      hint: error.hint ?? 'dvm base build --clean (with a fresh builder; the old base stays in use)',
    })
  return new DvmError('failed', 'the builder went away during the build', {
    hint: 'dvm base build (it repairs the builder, or makes a new one; the old base stays in use)',
    tail: error.tail,
    cause: error,
  })
}
