// `dvm reset VM/PROJECT`: a sync of that project in which its container is made anew.
import { targetText, type ProjectTarget } from '../core/target.ts'
import type { Deps } from './deps.ts'
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
  const again = retryOf('reset', target, asked)
  const { keepData } = options
  // A workspace that is kept loses nothing.
  const guard = { force: options.force || keepData, retry: again }
  const remove = async (): Promise<void> => {
    const removed = await removeFromEach(deps, instance, target, { user, keepVolume: keepData, again })
    for (const other of keepData ? removed.filter((each) => each !== user) : [])
      deps.report.note(`the workspace of ${targetText(target)} stays with the account ${other}, whose it is`)
  }
  // Having the image there may have taken long, so there is another look just before the removal. What it could not see was said.
  const quiet = { ...deps, report: { ...deps.report, note: () => undefined } }
  const makeRoom = (): Promise<void> => guardWork(quiet, instance, target, { ...guard, booted: true }, remove)
  await guardWork(deps, instance, target, { ...guard, booted: started }, () =>
    // Just this container: the VM and its other projects are left as they are.
    syncVm(deps, vm, { wait: true, project, setup: false, anew: { again, makeRoom } }),
  )
}
