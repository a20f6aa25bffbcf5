// VMs as they are: listing, stopping, removing. Works for VMs whose configuration is gone, too.
import { join } from 'node:path'
import { DvmError } from '../core/errors.ts'
import { checkVmName, instanceOf, vmOfInstance } from '../core/names.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { locked } from './locked.ts'
import { dropSshHost } from './ssh-kept.ts'
import { guardWork } from './unsaved-work.ts'

export interface VmRow {
  readonly name: string
  readonly instance: string
  readonly state: string
  readonly cpus: number
  /** bytes */
  readonly memory: number
  /** bytes */
  readonly disk: number
  /** The generation that it was made from; null when it was none, or is not known. */
  readonly generation: string | null
  /** True when another base is current now. */
  readonly behind: boolean
  readonly configured: boolean
}

/** Users' VMs among Lima's instances. */
export const vmNames = (
  deps: Deps,
  instances: readonly Instance[],
): readonly (readonly [string, Instance])[] =>
  instances
    .map((instance) => [vmOfInstance(instance.name, deps.env.builder.instance), instance] as const)
    .filter((entry): entry is readonly [string, Instance] => entry[0] !== undefined)

const isConfigured = async (deps: Deps, vm: string): Promise<boolean> =>
  (await deps.files.resolve(join(deps.env.configDir, 'vms', vm))) !== undefined

export const listVms = async (
  deps: Deps,
  options: { readonly onlyConfigured: boolean },
): Promise<readonly VmRow[]> => {
  const [instances, current] = await Promise.all([deps.lima.list(), deps.store.current()])
  const rows = await Promise.all(
    vmNames(deps, instances).map(async ([name, instance]): Promise<VmRow> => {
      const [state, configured] = await Promise.all([deps.state.read(name), isConfigured(deps, name)])
      const generation = state?.generation ?? null
      return {
        name,
        instance: instance.name,
        state: instance.status === '' ? 'Unknown' : instance.status,
        cpus: instance.cpus,
        memory: instance.memory,
        disk: instance.disk,
        generation,
        behind: generation !== null && current !== undefined && current.metadata.generation !== generation,
        configured,
      }
    }),
  )
  return rows
    .filter((row) => row.configured || !options.onlyConfigured)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Stops one VM. False when there was nothing to stop; a missing VM is no error. */
export const stopVm = async (deps: Deps, vm: string): Promise<boolean> => {
  checkVmName(vm, deps.env.builder.instance)
  return locked(deps, `vm:${vm}`, async () => {
    const instance = (await deps.lima.list()).find(({ name }) => name === instanceOf(vm))
    if (instance === undefined || instance.status === 'Stopped') return false
    // One that is not Running is not asked politely: nothing in it would hear.
    await deps.lima.stop(instance.name, { force: instance.status !== 'Running' })
    return true
  })
}

export const stoppableVms = async (
  deps: Deps,
  options: { readonly onlyConfigured: boolean },
): Promise<readonly string[]> =>
  (await listVms(deps, options)).filter((row) => row.state !== 'Stopped').map((row) => row.name)

export interface Removed {
  /** False when Lima had no such instance. */
  readonly instance: boolean
  readonly configDirectory: string
  /** Whether the configuration is still there. */
  readonly configRemains: boolean
}

/** Removes a VM that holds no unsaved git work (or with `force`), its state and logs, and with `config` its configuration. Never touches anything else. */
export const removeVm = async (
  deps: Deps,
  vm: string,
  options: {
    readonly yes: boolean
    readonly force: boolean
    readonly config: boolean
    /** What was typed, when it was not `rm`. */
    readonly typed?: string
  },
): Promise<Removed> => {
  checkVmName(vm, deps.env.builder.instance)
  if (!options.yes)
    throw new DvmError('refused', `removing ${vm} deletes everything inside it`, {
      hint: `dvm rm ${vm} --yes${options.config ? ' --config' : ''}`,
    })
  return locked(deps, `vm:${vm}`, async () => {
    const instance = (await deps.lima.list()).find(({ name }) => name === instanceOf(vm))
    const retry = options.typed ?? `dvm rm ${vm} --yes${options.config ? ' --config' : ''}`
    await guardWork(deps, instance, { vm, project: undefined }, { force: options.force, retry })
    if (instance !== undefined) await deps.lima.delete(instance.name, { force: true })
    await deps.files.remove(join(deps.env.stateDir, vm, 'lima.yaml'))
    await dropSshHost(deps, vm)
    await deps.state.remove(vm)
    const configDirectory = join(deps.env.configDir, 'vms', vm)
    if (options.config) await deps.files.removeDirectory(configDirectory)
    return { instance: instance !== undefined, configDirectory, configRemains: await isConfigured(deps, vm) }
  })
}
