// `dvm base status` and `dvm base rm`: what is built, what would change it, and how it goes away.
import { DvmError, messageOf } from '../core/errors.ts'
import { isStandIn, type Metadata } from '../core/generation.ts'
import type { Holder } from '../core/holder.ts'
import { findBaseImage } from './base-image.ts'
import { planBase } from './base-plan.ts'
import { findInstance, removeBuilderVm, sweepBootTest } from './builder-vm.ts'
import type { Deps } from './deps.ts'
import { locked } from './locked.ts'

export interface BaseStatus {
  /** Where VMs boot from. */
  readonly image: string
  readonly exists: boolean
  /** Why no VM can be made from what is there; null when nothing speaks against it. */
  readonly imageProblem: string | null
  readonly current: Metadata | null
  /** True when the current one was made from packages because no registry answered. */
  readonly standIn: boolean
  /** Earlier generations that are kept. */
  readonly kept: readonly Metadata[]
  /** Inputs that changed since the current one; null when that cannot be told, with the reason in `problem`. */
  readonly changes: readonly string[] | null
  /** True when a kept generation has the changed inputs: the next build only switches to it. */
  readonly builtBefore: boolean
  readonly problem: string | null
  readonly building: Holder | null
  /** Why nothing can be said of the builder; null when something can. */
  readonly builderProblem: string | null
  readonly builder: {
    readonly instance: string
    readonly state: string
    readonly cpus: number
    readonly memory: number
    readonly disk: number
  } | null
}

export const baseStatus = async (deps: Deps): Promise<BaseStatus> => {
  const image = deps.env.baseImage ?? deps.store.defaultImage
  const [file, imageProblem, current, all, building, builder, plan] = await Promise.all([
    // What keeps it from being looked at is told by `imageProblem`.
    deps.files.resolve(image).catch(() => undefined),
    // That there is none is told by `exists`.
    findBaseImage({ ...deps, report: { note: () => undefined, warn: () => undefined } }).then(
      () => null,
      messageOf,
    ),
    deps.store.current(),
    deps.store.list(),
    deps.locks.holder('base'),
    // The image's facts are the host's own: they are told without Lima, too.
    findInstance(deps, deps.env.builder.instance).then(
      (found) => ({ found, problem: null }),
      (error: unknown) => ({ found: undefined, problem: messageOf(error) }),
    ),
    planBase(deps).then(
      (value) => ({
        changes: value.changes,
        builtBefore: value.equal !== undefined && value.equal.disk !== value.current?.disk,
        problem: null,
      }),
      (error: unknown) => ({ changes: null, builtBefore: false, problem: messageOf(error) }),
    ),
  ])
  return {
    image,
    exists: file !== undefined,
    imageProblem,
    current: current?.metadata ?? null,
    standIn: current !== undefined && isStandIn(current),
    kept: all.filter(({ disk }) => disk !== current?.disk).map(({ metadata }) => metadata),
    ...plan,
    building: building ?? null,
    builderProblem: builder.problem,
    builder:
      builder.found === undefined
        ? null
        : {
            instance: builder.found.name,
            state: builder.found.status === '' ? 'Unknown' : builder.found.status,
            cpus: builder.found.cpus,
            memory: builder.found.memory,
            disk: builder.found.disk,
          },
  }
}

export interface RemoveBaseOptions {
  readonly image: boolean
  readonly builder: boolean
}

/** Removes what is asked for; resolves to what went. A running build is waited for. */
export const removeBase = (deps: Deps, options: RemoveBaseOptions): Promise<readonly string[]> =>
  locked(deps, 'base', async () => {
    const gone: string[] = []
    if (options.builder) await sweepBootTest(deps, () => undefined)
    if (options.builder) gone.push(...(await removeBuilder(deps)))
    if (options.image) gone.push(...(await removeImage(deps)))
    return gone
  })

const removeBuilder = async (deps: Deps): Promise<string[]> => {
  const { instance } = deps.env.builder
  if ((await findInstance(deps, instance)) === undefined) return []
  await removeBuilderVm(deps)
  return [`the builder VM ${instance}`]
}

const removeImage = async (deps: Deps): Promise<string[]> => {
  const { baseImage } = deps.env
  // A disk named by DVM_BASE_IMAGE goes by exactly that path: what else is in its directory is not dvm's.
  if (baseImage !== undefined && baseImage !== deps.store.defaultImage) {
    const file = await deps.files.resolve(baseImage)
    if (file !== undefined && (await deps.files.isDirectory(file.path)))
      throw new DvmError('refused', `DVM_BASE_IMAGE names a directory: ${baseImage}`, {
        hint: 'set it to the disk image itself',
      })
    return (await deps.store.removeFile(baseImage)) ? [baseImage] : []
  }
  await deps.store.sweep()
  return [...(await deps.store.removeAll())]
}
