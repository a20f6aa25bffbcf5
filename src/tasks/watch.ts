// `dvm watch`: files in, builds and syncs out, until it is interrupted. What happens when is decided in core/watch.ts.
import { dirname, resolve } from 'node:path'
import { concernsOf, interestIn, type WatchLayout } from '../core/watched-files.ts'
import { basePlace } from '../core/watch.ts'
import type { Deps } from './deps.ts'
import { checkConfigured } from './known-names.ts'
import { realTimer, settled, type Timer } from './settled.ts'
import { hasContainerfile, passOn, watchedVms } from './watch-changes.ts'
import { openDesk } from './watch-desk.ts'
import type { Tell } from './watch-story.ts'

export interface WatchOptions {
  /** The only VM to sync; undefined: all that exist. */
  readonly vm: string | undefined
  readonly bootTest: boolean
  readonly tell: Tell
  readonly timer?: Timer
}

/** Longer than the pauses within a save, and than the watcher may miss what follows on a change; too short to be felt. */
const quietMs = 300
/** A formatter that runs over everything may take so long; a program that writes for ever keeps nobody waiting. */
const longestMs = 5000

/**
 * Watches until the run is interrupted.
 * @throws DvmError `not-found` for a VM without a configuration, `failed` when the system watches no more; else what the run was aborted with.
 */
export const watchFiles = async (deps: Deps, options: WatchOptions): Promise<never> => {
  const { vm, tell, timer = realTimer } = options
  const flags = options.bootTest ? '' : ' --no-boot-test'
  if (vm !== undefined)
    await checkConfigured(deps, { vm, project: undefined }, (near) => `dvm watch ${near.vm}${flags}`)
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
  const changes = settled(timer, { quietMs, longestMs }, (paths) => {
    passOn(deps, layout, paths, { tell, changed: desk.changed }).catch(over.reject)
  })
  const watcher = await deps.watcher()
  const watching = await watcher.watch({
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
    const [hasBase, vms] = await Promise.all([hasContainerfile(deps), watchedVms(deps, layout)])
    tell({ kind: 'watching', baseDir: deps.env.baseDir, hasContainerfile: hasBase, vms })
    // Whoever edited first and came here then expects the build.
    if (hasBase) desk.changed(basePlace, [])
    return await over.promise
  } finally {
    changes.stop()
    deps.signal.removeEventListener('abort', interrupted)
    await Promise.all([watching.close(), desk.close()])
  }
}
