// The configuration of one VM: the shared file, then its own.
import { join } from 'node:path'
import { defaultVariables, parseVmConfig, vmVariables } from '../core/config.ts'
import type { VmConfig } from '../core/config.ts'
import type { Deps } from './deps.ts'

/**
 * Reads it; without any file it is the defaults.
 * @throws DvmError `config` for files that do not evaluate or values that make no sense, `refused` for unsafe owners or modes.
 */
export const loadVmConfig = async (
  deps: Pick<Deps, 'env' | 'host' | 'config'>,
  vm: string,
): Promise<VmConfig> => {
  const { env, host, config } = deps
  const defaults = { hostCores: host.cpus, vmType: env.vmType }
  const files = [join(env.configDir, 'config.sh'), join(env.configDir, 'vms', vm, 'config.sh')]
  return parseVmConfig(await config.readConfig(files, vmVariables, defaultVariables(defaults)), defaults)
}
