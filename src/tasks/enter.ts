// `dvm sh` and `dvm ssh`: into a VM as DVM_USER. A stopped VM is started first.
import { entryArgv } from '../core/guest-entry.ts'
import { DvmError } from '../core/errors.ts'
import { instanceOf } from '../core/names.ts'
import { nearestName } from '../core/nearest.ts'
import { actionFor } from '../core/sync-plan.ts'
import { parseTarget, type ProjectTarget } from '../core/target.ts'
import type { Instance } from '../ports/lima/index.ts'
import { findInstance } from './builder-vm.ts'
import type { Deps } from './deps.ts'
import { codeDirectory } from './guest.ts'
import { knownVms } from './known-names.ts'
import { locked } from './locked.ts'
import { loadProject } from './projects.ts'
import { startVm } from './start-vm.ts'
import { loadVmConfig } from './vm-config.ts'

export interface EnterOptions {
  /** Empty for a login shell. */
  readonly argv: readonly string[]
  readonly tty: boolean
  /** False leaves stdin alone, so that a loop reading a file keeps its lines. */
  readonly stdin: boolean
  /** The terminal's name, for a terminal. */
  readonly term: string | undefined
}

/**
 * Resolves to the exit code of what ran inside.
 * @throws DvmError `not-found` for a VM, project or container that is not there
 */
export const enter = async (deps: Deps, text: string, options: EnterOptions): Promise<number> => {
  const target = parseTarget(text, deps.env.builder.instance)
  const { vm, project } = target
  if (project !== undefined) return enterProject(deps, { vm, project }, options)
  const [config, script, instance] = await Promise.all([
    loadVmConfig(deps, vm),
    deps.assets.text('guest/enter.sh'),
    runningInstance(deps, vm, typedFor(options)),
  ])
  const argv = entryArgv(script, config.user, codeDirectory(config.user, vm), options.argv)
  return deps.lima.attach(instance, { argv }, { tty: options.tty, stdin: options.stdin })
}

const enterProject = async (deps: Deps, target: ProjectTarget, options: EnterOptions): Promise<number> => {
  const [config, project, instance] = await Promise.all([
    loadVmConfig(deps, target.vm),
    loadProject(deps, target),
    runningInstance(deps, target.vm, typedFor(options, `/${target.project}`)),
  ])
  return deps.containers.attach({ instance, user: config.user }, target, {
    ...options,
    workdir: project.config.workdir,
  })
}

/** What a person would have typed for another VM. */
type Typed = (vm: string) => string

const typedFor =
  ({ argv }: EnterOptions, project = ''): Typed =>
  (vm) =>
    argv.length === 0 ? `dvm sh ${vm}${project}` : `dvm ssh ${vm}${project} -- …`

/** Names the VM that may have been meant, unless dvm knows this one: then it was. */
const missing = async (deps: Deps, vm: string, typed: Typed): Promise<DvmError> => {
  const names = await knownVms(deps)
  const near = names.includes(vm) ? undefined : nearestName(vm, names)
  const meant = near === undefined ? '' : `${typed(near)}, or for a new VM: `
  return new DvmError('not-found', `the VM ${vm} does not exist`, {
    hint: `${meant}dvm sync ${vm} (dvm new ${vm} first, if it has no configuration)`,
  })
}

/** The VM, started when it was stopped. */
export const runningInstance = async (
  deps: Deps,
  vm: string,
  typed: Typed = (name) => `dvm sync ${name}`,
): Promise<Instance> => {
  const found = await findInstance(deps, instanceOf(vm))
  if (found === undefined) throw await missing(deps, vm, typed)
  const action = actionFor(found.status)
  if (action === 'none') return found
  if (action === 'restart')
    throw new DvmError(
      'failed',
      `the VM ${vm} is ${found.status === '' ? 'in no known state' : found.status}`,
      {
        hint: `dvm sync ${vm}`,
        tail: found.errors,
      },
    )
  return locked(deps, `vm:${vm}`, () => startStopped(deps, vm, typed))
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
