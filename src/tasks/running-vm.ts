// A VM that somebody wants to get into: found, and started when it is stopped.
import { DvmError } from '../core/errors.ts'
import { instanceOf } from '../core/names.ts'
import { actionFor } from '../core/sync-plan.ts'
import type { Target } from '../core/target.ts'
import type { Instance } from '../ports/lima/index.ts'
import { findInstance } from './builder-vm.ts'
import type { Deps } from './deps.ts'
import { meant, type Typed } from './known-names.ts'
import { locked } from './locked.ts'
import { startVm } from './start-vm.ts'

export interface RunningVm {
  readonly instance: Instance
  /** It was stopped. */
  readonly started: boolean
}

/**
 * @param right rejects when something is wrong that is to be said before anything is started
 * @throws DvmError `not-found`, or `failed` for one that only a sync can bring up.
 */
export const runningVm = async (
  deps: Deps,
  target: Target,
  typed: Typed,
  right?: Promise<unknown>,
): Promise<RunningVm> => {
  const { vm } = target
  const found = await findInstance(deps, instanceOf(vm))
  if (found === undefined) throw await missing(deps, target, typed)
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
  await right
  return { instance: await locked(deps, `vm:${vm}`, () => startStopped(deps, target, typed)), started: true }
}

/** Names the VM that may have been meant, unless dvm knows this one: then it was. */
const missing = async (deps: Deps, target: Target, typed: Typed): Promise<DvmError> => {
  const { vm, project } = target
  const near = await meant(deps, { vm, project: undefined }, (other) => typed({ ...other, project }))
  return new DvmError('not-found', `the VM ${vm} does not exist`, {
    hint: `${near === undefined ? '' : `${near}, or for a new VM: `}dvm sync ${vm} (dvm new ${vm} first, if it has no configuration)`,
  })
}

/** Looks again under the lock: another command may have started or removed it. */
const startStopped = async (deps: Deps, target: Target, typed: Typed): Promise<Instance> => {
  const { vm } = target
  const found = await findInstance(deps, instanceOf(vm))
  if (found === undefined) throw await missing(deps, target, typed)
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
