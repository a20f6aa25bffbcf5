// Whom changed files concern: the base, the VM that they belong to, or all VMs that share them.
import { join } from 'node:path'
import { instanceOf, isVmName } from '../core/names.ts'
import { basePlace } from '../core/watch.ts'
import { concernsOf, type Concern, type WatchLayout } from '../core/watched-files.ts'
import type { Deps } from './deps.ts'
import { configuredVms } from './known-names.ts'
import { configuredProjects } from './project-names.ts'
import { known, type Changed } from './watch-desk.ts'
import type { Tell } from './watch-story.ts'

/** Also true for one that cannot be read, a link to a file that is away for a moment for example: the build tells why. */
export const hasContainerfile = ({ env, files }: Pick<Deps, 'env' | 'files'>): Promise<boolean> =>
  files.text(join(env.baseDir, 'Containerfile')).then(
    (text) => text !== undefined,
    () => true,
  )

/** The VMs that a watch may have to sync. */
export const watchedVms = async (
  deps: Pick<Deps, 'env' | 'files'>,
  { vm, builderInstance }: WatchLayout,
): Promise<readonly string[]> =>
  vm === undefined ? (await configuredVms(deps)).filter((name) => isVmName(name, builderInstance)) : [vm]

export interface Hearers {
  readonly tell: Tell
  readonly changed: Changed
}

/** Hands changed paths on by place. */
export const passOn = async (
  deps: Deps,
  layout: WatchLayout,
  paths: readonly string[],
  { tell, changed }: Hearers,
): Promise<void> => {
  const concerns = paths.flatMap((path) => concernsOf(layout, path))
  const inBase = filesOf(concerns, 'base')
  // Without one it is no base: only just being filled, or there for the dev-base alone. One that was removed is worth a word.
  if (inBase.includes('Containerfile') || (inBase.length > 0 && (await hasContainerfile(deps))))
    changed(
      basePlace,
      inBase.filter((file) => file !== '' || inBase.length === 1),
    )
  try {
    const wanted = await wantedBy(deps, layout, concerns)
    if (layout.vm !== undefined) return wanted.forEach(({ vm, files }) => changed(vm, files))
    deps.signal.throwIfAborted()
    const instances = wanted.length === 0 ? [] : await deps.lima.list()
    for (const { vm, files, own } of wanted) {
      const instance = instances.find(({ name }) => name === instanceOf(vm))
      // Nobody who corrects a line that all VMs share wants all of them started; what is stopped gets it at its next sync.
      if (instance?.status === 'Running' || (own && instance !== undefined)) changed(vm, files)
      else if (own) tell({ kind: 'absent', place: vm, files })
    }
  } catch (error) {
    if (deps.signal.aborted) return
    const vms = new Set(concerns.map((concern) => (concern.of === 'vm' ? concern.vm : 'VMs')))
    for (const place of vms) tell({ kind: 'failed', place, error: known(error), ms: undefined })
  }
}

const filesOf = (concerns: readonly Concern[], of: Concern['of']): readonly string[] =>
  concerns.filter((concern) => concern.of === of).map(({ file }) => file)

interface Wanted {
  readonly vm: string
  readonly files: readonly string[]
  /** Some of the files are this VM's alone. */
  readonly own: boolean
}

/** Every configured VM that counts and that has to do with the changes. */
const wantedBy = async (
  deps: Deps,
  layout: WatchLayout,
  concerns: readonly Concern[],
): Promise<readonly Wanted[]> => {
  if (concerns.every(({ of }) => of === 'base')) return []
  const forProjects = filesOf(concerns, 'projects')
  const all = await Promise.all(
    (await watchedVms(deps, layout)).map(async (vm): Promise<Wanted> => {
      const own = concerns.flatMap((concern) =>
        concern.of === 'vm' && concern.vm === vm ? [concern.file] : [],
      )
      const runsProjects = forProjects.length > 0 && (await configuredProjects(deps, vm)).length > 0
      const files = [...filesOf(concerns, 'shared'), ...(runsProjects ? forProjects : []), ...own]
      return { vm, files, own: own.length > 0 }
    }),
  )
  return all.filter(({ files }) => files.length > 0)
}
