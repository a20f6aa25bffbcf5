// A VM that somebody wants to get into: found, and started when it is stopped.
import { DvmError } from '../core/errors.ts'
import { instanceOf } from '../core/names.ts'
import { nearestName } from '../core/nearest.ts'
import { actionFor } from '../core/sync-plan.ts'
import type { Instance } from '../ports/lima/index.ts'
import { findInstance } from './builder-vm.ts'
import type { Deps } from './deps.ts'
import { knownVms } from './known-names.ts'
import { locked } from './locked.ts'
import { startVm } from './start-vm.ts'

export interface RunningVm {
  readonly instance: Instance
  /** It was stopped. */
  readonly started: boolean
}

/** What a person would have typed for another VM. */
export type Typed = (vm: string) => string

/** @throws DvmError `not-found`, or `failed` for one that only a sync can bring up. */
export const runningVm = async (
  deps: Deps,
  vm: string,
  typed: Typed = (name) => `dvm sync ${name}`,
): Promise<RunningVm> => {
  const found = await findInstance(deps, instanceOf(vm))
  if (found === undefined) throw await missing(deps, vm, typed)
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
  return { instance: await locked(deps, `vm:${vm}`, () => startStopped(deps, vm, typed)), started: true }
}

/** Names the VM that may have been meant, unless dvm knows this one: then it was. */
const missing = async (deps: Deps, vm: string, typed: Typed): Promise<DvmError> => {
  const names = await knownVms(deps)
  const near = names.includes(vm) ? undefined : nearestName(vm, names)
  const meant = near === undefined ? '' : `${typed(near)}, or for a new VM: `
  return new DvmError('not-found', `the VM ${vm} does not exist`, {
    hint: `${meant}dvm sync ${vm} (dvm new ${vm} first, if it has no configuration)`,
  })
}

/** Looks again under the lock: another command may have started or removed it. */
const startStopped = async (deps: Deps, vm: string, typed: Typed): Promise<Instance> => {
  const found = await findInstance(deps, instanceOf(vm))
  if (found === undefined) throw await missing(deps, vm, typed)
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
