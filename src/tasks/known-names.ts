// Names of VMs and projects from the host's directories alone: neither Lima nor bash is asked. Names of other directories are not given out.
import { join } from 'node:path'
import { isName, isVmName } from '../core/names.ts'
import type { Deps } from './deps.ts'

type Looking = Pick<Deps, 'env' | 'files'>

/** VMs that have a configuration, by name. */
export const configuredVms = async ({ env, files }: Looking): Promise<readonly string[]> => {
  const directory = join(env.configDir, 'vms')
  const names = (await files.list(directory)).filter(isName)
  // A file beside them, notes for one, is no VM.
  const directories = await Promise.all(names.map((name) => files.isDirectory(join(directory, name))))
  return names.filter((_, index) => directories[index]).sort()
}

/** VMs that dvm made and has not removed, by name; also those without a configuration. */
const madeVms = async ({ env, files }: Looking): Promise<readonly string[]> => {
  const names = (await files.list(env.stateDir)).filter(isName)
  // Not every directory there is a VM's: the base and the locks have theirs.
  const states = await Promise.all(names.map((name) => files.resolve(join(env.stateDir, name, 'state.json'))))
  return names.filter((_, index) => states[index] !== undefined)
}

/** VMs that a command line may name. */
export const knownVms = async (looking: Looking): Promise<readonly string[]> => {
  const names = new Set((await Promise.all([configuredVms(looking), madeVms(looking)])).flat())
  return [...names].filter((name) => isVmName(name, looking.env.builder.instance)).sort()
}

/** Their projects, as VM/PROJECT. */
export const knownProjects = async ({ env, files }: Looking): Promise<readonly string[]> => {
  const vms = (await configuredVms({ env, files })).filter((vm) => isVmName(vm, env.builder.instance))
  const projects = await Promise.all(
    vms.map(async (vm) => {
      const names = await files.list(join(env.configDir, 'vms', vm, 'projects'))
      return names.filter(isName).map((name) => `${vm}/${name}`)
    }),
  )
  return projects.flat().sort()
}
