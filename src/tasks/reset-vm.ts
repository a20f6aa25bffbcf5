// `dvm reset VM`: the VM anew, from the current base and its configuration.
import { DvmError } from '../core/errors.ts'
import { targetText } from '../core/target.ts'
import type { Deps } from './deps.ts'
import { checkConfigured } from './known-names.ts'
import { planSync } from './plan-sync.ts'
import { syncVm } from './sync.ts'
import { removeVm } from './vms.ts'

export interface ResetVmOptions {
  readonly yes: boolean
  /** Lose git work that exists nowhere else. */
  readonly force: boolean
  /** Both do the same. */
  readonly typed: 'reset' | 'recreate'
}

/**
 * A VM that a mistyped name may have meant is offered without `force`: what is lost is then told first.
 * @throws DvmError `refused` without `yes`; a configuration that is wrong is told before anything is removed.
 */
export const resetVm = async (
  deps: Deps,
  vm: string,
  { yes, force, typed }: ResetVmOptions,
): Promise<void> => {
  const target = { vm, project: undefined }
  // Without --yes: what a guess would lose is told first.
  await checkConfigured(deps, target, (near) =>
    near.project === undefined ? `dvm ${typed} ${near.vm}` : `dvm reset ${targetText(near)}`,
  )
  if (!yes)
    throw new DvmError('refused', `resetting ${vm} deletes everything inside it`, {
      hint: `dvm ${typed} ${vm} --yes`,
    })
  // What would stop the new VM from being made is told while the old one is there.
  await Promise.all([planSync(deps, target), deps.lima.refuseTooOld()])
  await removeVm(deps, vm, { yes, force, config: false, typed: `dvm ${typed} ${vm} --yes` })
  await syncVm(deps, vm, { wait: true })
}
