// `dvm reset VM`: the VM anew, from the current base and its configuration.
import type { VmConfig } from '../core/config.ts'
import { DvmError } from '../core/errors.ts'
import { targetText } from '../core/target.ts'
import { findBaseImage, type BaseImage } from './base-image.ts'
import type { Deps } from './deps.ts'
import { checkConfigured } from './known-names.ts'
import { checkFits, planSync } from './plan-sync.ts'
import { syncVm } from './sync.ts'
import { removeVm } from './vms.ts'

export interface ResetVmOptions {
  readonly yes: boolean
  /** Lose git work that exists nowhere else. */
  readonly force: boolean
  /** Both do the same. */
  readonly typed: 'reset' | 'recreate'
}

/** A VM that is there is not given away for another system than the one that was asked for. */
const baseToBe = async (deps: Deps): Promise<BaseImage> => {
  const quiet = { note: () => undefined, warn: () => undefined }
  const base = await findBaseImage({ ...deps, report: quiet })
  const { baseImage } = deps.env
  if (baseImage === undefined || base.kind === 'disk') return base
  throw new DvmError('config', `DVM_BASE_IMAGE: there is no ${baseImage}`, {
    hint: 'set it to a disk image, or unset it',
  })
}

/** @throws DvmError `config` */
const checkVmType = async (deps: Deps, { vmType }: VmConfig): Promise<void> => {
  if (vmType === undefined || vmType === 'default') return
  const types = await deps.lima.vmTypes()
  if (types.length === 0 || types.includes(vmType)) return
  throw new DvmError('config', `DVM_VM_TYPE is ${vmType}, which Lima does not have on this machine`, {
    hint: `set it to ${types.join(' or ')}, or unset it`,
  })
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
  const [{ config }] = await Promise.all([planSync(deps, target), deps.lima.refuseTooOld()])
  await checkVmType(deps, config)
  checkFits(config, await baseToBe(deps))
  await removeVm(deps, vm, { yes, force, config: false, typed: `dvm ${typed} ${vm} --yes` })
  await syncVm(deps, vm, { wait: true })
}
