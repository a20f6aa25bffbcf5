// `dvm watch`: files in, builds and syncs out, until it is interrupted. What happens when is decided in core/watch.ts.
import { dirname, join, resolve } from 'node:path'
import { concernsOf, interestIn, type Concern, type WatchLayout } from '../core/watched-files.ts'
import { instanceOf } from '../core/names.ts'
import { basePlace } from '../core/watch.ts'
import type { Deps } from './deps.ts'
import { checkConfigured, configuredVms } from './known-names.ts'
import { realTimer, settled, type Timer } from './settled.ts'
import { known, openDesk, type Changed } from './watch-desk.ts'
import type { Tell } from './watch-story.ts'

export interface WatchOptions {
  /** The only VM to sync; undefined: all that exist. */
  readonly vm: string | undefined
  readonly bootTest: boolean
  readonly tell: Tell
  readonly timer?: Timer
}

/** Longer than the pauses within a save, too short to be felt. */
const quietMs = 300

/**
 * Watches until the run is interrupted.
 * @throws DvmError `not-found` for a VM without a configuration, `failed` when the system watches no more; else what the run was aborted with.
 */
export const watchFiles = async (deps: Deps, options: WatchOptions): Promise<never> => {
  const { vm, tell, timer = realTimer } = options
  if (vm !== undefined) await checkConfigured(deps, vm, (name) => `dvm watch ${name}`)
  const layout: WatchLayout = {
    baseDir: resolve(deps.env.baseDir),
    configDir: resolve(deps.env.configDir),
    builderInstance: deps.env.builder.instance,
    vm,
  }
  const over = Promise.withResolvers<never>()
  // Whoever waits for it comes later, or is gone already.
  over.promise.catch(() => undefined)
  const interrupted = (): void => over.reject(deps.signal.reason as Error)
  deps.signal.addEventListener('abort', interrupted, { once: true })

  const desk = openDesk(deps, options, over.reject)
  const changes = settled(timer, quietMs, (paths) => {
    take(deps, layout, paths, options, desk.changed).catch(over.reject)
  })
  const watching = await (
    await deps.watcher()
  ).watch({
    // Their parents, because a directory that is swapped for another is seen from above only.
    roots: [...new Set([dirname(layout.baseDir), layout.configDir])],
    interest: (path) => interestIn(layout, path),
    onChange: (path) => {
      if (concernsOf(layout, path).length > 0) changes.add(path)
    },
    onLost: over.reject,
  })
  try {
    deps.signal.throwIfAborted()
    const hasContainerfile = await hasContainerfileIn(deps)
    const vms = vm === undefined ? await configuredVms(deps) : [vm]
    tell({ kind: 'watching', baseDir: deps.env.baseDir, hasContainerfile, vms })
    // Whoever edited first and came here then expects the build.
    if (hasContainerfile) desk.changed(basePlace, [])
    return await over.promise
  } finally {
    changes.stop()
    deps.signal.removeEventListener('abort', interrupted)
    await Promise.all([watching.close(), desk.close()])
  }
}

const hasContainerfileIn = async ({ env, files }: Pick<Deps, 'env' | 'files'>): Promise<boolean> =>
  (await files.text(join(env.baseDir, 'Containerfile'))) !== undefined

/** Finds out whom changes concern, and hands them on by place. */
const take = async (
  deps: Deps,
  layout: WatchLayout,
  paths: readonly string[],
  { tell }: WatchOptions,
  changed: Changed,
): Promise<void> => {
  const concerns = paths.flatMap((path) => concernsOf(layout, path))
  const inBase = concerns.flatMap(({ of, file }) => (of === 'base' ? [file] : []))
  // A directory that is only just being filled is no base yet.
  if (inBase.some((file) => file !== '') || (inBase.length > 0 && (await hasContainerfileIn(deps))))
    changed(
      basePlace,
      inBase.filter((file) => file !== '' || inBase.length === 1),
    )
  const shared = concerns.flatMap(({ of, file }) => (of === 'shared' ? [file] : []))
  const own = filesByVm(concerns)
  if (shared.length === 0 && own.size === 0) return
  if (layout.vm !== undefined) return changed(layout.vm, [...shared, ...(own.get(layout.vm) ?? [])])
  try {
    const [configured, instances] = await Promise.all([configuredVms(deps), deps.lima.list()])
    for (const vm of configured) {
      const instance = instances.find(({ name }) => name === instanceOf(vm))
      const files = own.get(vm) ?? []
      // Nobody who corrects a line that all VMs share wants all of them started; what is stopped gets it at its next sync.
      const common = instance?.status === 'Running' ? shared : []
      if (files.length > 0 && instance === undefined) tell({ kind: 'absent', place: vm, files })
      else if (files.length + common.length > 0) changed(vm, [...common, ...files])
    }
  } catch (error) {
    for (const place of own.size > 0 ? own.keys() : shared)
      tell({ kind: 'failed', place, error: known(error) })
  }
}

const filesByVm = (concerns: readonly Concern[]): ReadonlyMap<string, readonly string[]> => {
  const files = new Map<string, string[]>()
  for (const concern of concerns)
    if (concern.of === 'vm') files.set(concern.vm, [...(files.get(concern.vm) ?? []), concern.file])
  return files
}
