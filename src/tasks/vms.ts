// VMs as they are: stopping, removing. Works for VMs whose configuration is gone, too.
import { join } from 'node:path'
import { DvmError } from '../core/errors.ts'
import { checkVmName, instanceOf } from '../core/names.ts'
import type { Deps } from './deps.ts'
import { isConfigured, vmNames } from './list-vms.ts'
import { meant } from './known-names.ts'
import { locked } from './locked.ts'
import { dropSshHost } from './ssh-kept.ts'
import { guardWork } from './unsaved-work.ts'

/** `idle`: there was nothing to stop. */
export type Stopped = 'stopped' | 'idle' | 'missing'

/** Stops one VM; a missing one is no error. */
export const stopVm = async (deps: Deps, vm: string): Promise<Stopped> => {
  checkVmName(vm, deps.env.builder.instance)
  return locked(deps, `vm:${vm}`, async () => {
    const instance = (await deps.lima.list()).find(({ name }) => name === instanceOf(vm))
    if (instance === undefined) return 'missing'
    if (instance.status === 'Stopped') return 'idle'
    try {
      // One that is not Running is not asked politely: nothing in it would hear.
      await deps.lima.stop(instance.name, { force: instance.status !== 'Running' })
    } catch (error) {
      deps.signal.throwIfAborted()
      // Somebody else was quicker: then it is as it was wanted.
      const now = (await deps.lima.list()).find(({ name }) => name === instance.name)
      if (now !== undefined && now.status !== 'Stopped') throw error
      return 'idle'
    }
    return 'stopped'
  })
}

/** Names of VMs that are not stopped, sorted. */
export const stoppableVms = async (
  deps: Deps,
  { onlyConfigured }: { readonly onlyConfigured: boolean },
): Promise<readonly string[]> => {
  const names = vmNames(deps, await deps.lima.list())
    .filter(([, { status }]) => status !== 'Stopped')
    .map(([name]) => name)
    .sort()
  if (!onlyConfigured) return names
  const configured = await Promise.all(names.map((name) => isConfigured(deps, name)))
  return names.filter((_, index) => configured[index])
}

export interface Removed {
  /** False when Lima had no such instance. */
  readonly instance: boolean
  /** The command that was probably meant, when there was none. */
  readonly meant: string | undefined
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
    // Asked while the names are there: a configuration that is removed below was no slip.
    const target = { vm, project: undefined }
    const near =
      instance === undefined ? await meant(deps, target, (other) => `dvm rm ${other.vm}`) : undefined
    await guardWork(deps, instance, target, { force: options.force, retry }, async () => {
      if (instance !== undefined) await deps.lima.delete(instance.name, { force: true })
    })
    await deps.files.remove(join(deps.env.stateDir, vm, 'lima.yaml'))
    await dropSshHost(deps, vm)
    await deps.state.remove(vm)
    const configDirectory = join(deps.env.configDir, 'vms', vm)
    if (options.config) await deps.files.removeDirectory(configDirectory)
    return {
      instance: instance !== undefined,
      meant: near,
      configDirectory,
      configRemains: await isConfigured(deps, vm),
    }
  })
}
