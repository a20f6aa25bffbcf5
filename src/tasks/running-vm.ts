// A VM that somebody wants to get into: found, and started when it is stopped.
import { DvmError } from '../core/errors.ts'
import { instanceOf } from '../core/names.ts'
import { actionFor } from '../core/sync-plan.ts'
import type { Instance } from '../ports/lima/index.ts'
import { findInstance } from './builder-vm.ts'
import type { Deps } from './deps.ts'
import { locked } from './locked.ts'
import { startVm } from './start-vm.ts'

export interface RunningVm {
  readonly instance: Instance
  /** It was stopped. */
  readonly started: boolean
}

/** @throws DvmError `not-found`, or `failed` for one that only a sync can bring up. */
export const runningVm = async (deps: Deps, vm: string): Promise<RunningVm> => {
  const found = await findInstance(deps, instanceOf(vm))
  if (found === undefined) throw missing(vm)
  const action = actionFor(found.status)
  if (action === 'none') return { instance: found, started: false }
  if (action === 'restart')
    throw new DvmError(
      'failed',
      `the VM ${vm} is ${found.status === '' ? 'in no known state' : found.status}`,
      {
        hint: `dvm sync ${vm}`,
        tail: found.errors,
      },
    )
  return { instance: await locked(deps, `vm:${vm}`, () => startStopped(deps, vm)), started: true }
}

const missing = (vm: string): DvmError =>
  new DvmError('not-found', `the VM ${vm} does not exist`, {
    hint: `dvm sync ${vm} (dvm new ${vm} first, if it has no configuration)`,
  })

/** Looks again under the lock: another command may have started or removed it. */
const startStopped = async (deps: Deps, vm: string): Promise<Instance> => {
  const found = await findInstance(deps, instanceOf(vm))
  if (found === undefined) throw missing(vm)
  if (found.status === 'Running') return found
  deps.report.note(`starting ${vm}`)
  const log = deps.logs.open(deps.logs.pathOf(vm, 'lima'))
  try {
    await startVm(deps, found, (line) => log.line(line))
  } finally {
    log.close()
  }
  return (await findInstance(deps, instanceOf(vm))) ?? found
}
