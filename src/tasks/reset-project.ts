// `dvm reset VM/PROJECT`: a sync of that project in which its container is made anew.
import type { ProjectTarget } from '../core/target.ts'
import type { Deps } from './deps.ts'
import { locked } from './locked.ts'
import { planSync } from './plan-sync.ts'
import { removeFromEach } from './prepared-users.ts'
import { confirm, retryOf, typedFor, type RemoveProjectOptions } from './project-actions.ts'
import { runningVm } from './running-vm.ts'
import { syncVm } from './sync.ts'
import { guardWork } from './unsaved-work.ts'

/**
 * Makes a project's container anew, from what project.sh says now.
 * @throws DvmError `refused` without `yes` and over unpushed work. What keeps the new container from being made, a configuration that is
 * wrong or an image that cannot be had, is told before anything is removed.
 */
export const resetProject = async (
  deps: Deps,
  target: ProjectTarget,
  options: Omit<RemoveProjectOptions, 'config'>,
): Promise<void> => {
  const asked = { ...options, config: false }
  const typed = typedFor('reset', asked)
  const { config } = await planSync(deps, target, typed)
  const { user } = config
  confirm(target, 'reset', asked)
  const { vm, project } = target
  const { instance, started } = await runningVm(deps, target, typed)
  const retry = retryOf('reset', target, asked)
  const again = `${retry}${options.force ? ' --force' : ''}`
  const { keepData } = options
  // A workspace that is kept loses nothing.
  const guard = { force: options.force || keepData, retry, booted: started }
  const said = new Set<string>()
  const note = (line: string): void => {
    if (!said.has(line)) deps.report.note(line)
    said.add(line)
  }
  const once: Deps = { ...deps, report: { ...deps.report, note } }
  const look = (): Promise<void> =>
    guardWork(once, instance, target, { ...guard, onlyLook: true }, () => Promise.resolve())
  await locked(deps, `vm:${vm}`, look)
  // Having the image there may take long: what came up meanwhile is not lost either.
  const makeRoom = async (): Promise<void> => {
    await guardWork(once, instance, target, guard, () =>
      removeFromEach(deps, instance, target, { user, keepVolume: keepData, again }),
    )
  }
  // Just this container: the VM and its other projects are left as they are.
  await syncVm(deps, vm, { wait: true, project, setup: false, anew: { again, makeRoom } })
}
