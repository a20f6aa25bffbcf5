// The configuration of one VM: the shared file, then its own.
import { join } from 'node:path'
import { defaultVariables, parseVmConfig, vmVariables } from '../core/config.ts'
import type { VmConfig } from '../core/config.ts'
import type { Deps } from './deps.ts'

type Needed = Pick<Deps, 'env' | 'host' | 'config'>

const load = async (deps: Needed, files: readonly string[], own: string): Promise<VmConfig> => {
  const { env, host, config } = deps
  const defaults = { hostCores: host.cpus, vmType: env.vmType }
  const raw = await config.readConfig(files, vmVariables, defaultVariables(defaults))
  return parseVmConfig(raw, defaults, { shared: sharedFile(deps), own })
}

const sharedFile = ({ env }: Pick<Deps, 'env'>): string => join(env.configDir, 'config.sh')

const ownFile = ({ env }: Pick<Deps, 'env'>, vm: string): string =>
  join(env.configDir, 'vms', vm, 'config.sh')

/**
 * Reads it; without any file it is the defaults.
 * @throws DvmError `config` for files that do not evaluate or values that make no sense, `refused` for unsafe owners or modes.
 */
export const loadVmConfig = (deps: Needed, vm: string): Promise<VmConfig> =>
  load(deps, [sharedFile(deps), ownFile(deps, vm)], ownFile(deps, vm))

/** What all VMs share. Throws as `loadVmConfig` does. */
export const loadSharedConfig = (deps: Needed): Promise<VmConfig> =>
  load(deps, [sharedFile(deps)], ownFile(deps, 'VM'))

/** Another text whenever a file of a VM's configuration has changed: whoever knows what the last one said need not evaluate it. */
export const configStamp = async (deps: Pick<Deps, 'env' | 'files'>, vm: string): Promise<string> =>
  (await Promise.all([sharedFile(deps), ownFile(deps, vm)].map((file) => deps.files.stamp(file)))).join(' ')
