// Names of VMs and projects from the host's directories alone: neither Lima nor bash is asked. Names of other directories are not given out.
import { join } from 'node:path'
import { DvmError } from '../core/errors.ts'
import { checkVmName, isName, isVmName } from '../core/names.ts'
import { nearestName } from '../core/nearest.ts'
import type { Target } from '../core/target.ts'
import type { Deps } from './deps.ts'
import { configuredProjects } from './project-names.ts'

type Looking = Pick<Deps, 'env' | 'files'>

/** What a person would have typed for another VM or project: the same command, with that name. */
export type Typed = (target: Target) => string

/** VMs that have a configuration, by name. */
export const configuredVms = async ({ env, files }: Looking): Promise<readonly string[]> => {
  const directory = join(env.configDir, 'vms')
  const names = (await files.list(directory)).filter(isName)
  // A file beside them, notes for one, is no VM.
  const directories = await Promise.all(names.map((name) => files.isDirectory(join(directory, name))))
  return names.filter((_, index) => directories[index]).sort()
}

/** A near name, or nothing. */
const withNear = (
  word: string,
  names: readonly string[],
  typed: (name: string) => string,
): string | undefined => {
  const near = nearestName(word, names)
  return near === undefined ? undefined : typed(near)
}

/**
 * @throws DvmError `not-found` for a VM without a configuration, naming the one that may have been meant; `usage` and `refused` as
 * `checkVmName` does.
 */
export const checkConfigured = async (
  { env, files }: Looking,
  { vm, project }: Target,
  typed: Typed,
): Promise<void> => {
  checkVmName(vm, env.builder.instance, typed)
  if (await files.isDirectory(join(env.configDir, 'vms', vm))) return
  const names = (await configuredVms({ env, files })).filter((name) => isVmName(name, env.builder.instance))
  const near = withNear(vm, names, (name) => typed({ vm: name, project }))
  throw new DvmError('not-found', `there is no VM "${vm}" in ${env.configDir}/vms`, {
    hint: `${near === undefined ? '' : `${near}, or for a new VM: `}dvm new ${vm}`,
  })
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

/**
 * The command that was probably meant with a mistyped VM or, in a VM that dvm knows, project. Undefined for what dvm knows: then it was
 * meant; and where no name is near.
 */
export const meant = async (
  looking: Looking,
  { vm, project }: Target,
  typed: Typed,
): Promise<string | undefined> => {
  const vms = await knownVms(looking)
  if (!vms.includes(vm)) return withNear(vm, vms, (name) => typed({ vm: name, project }))
  if (project === undefined) return undefined
  const projects = await configuredProjects(looking, vm)
  return projects.includes(project)
    ? undefined
    : withNear(project, projects, (name) => typed({ vm, project: name }))
}

/** Their projects, as VM/PROJECT. */
export const knownProjects = async ({ env, files }: Looking): Promise<readonly string[]> => {
  const vms = (await configuredVms({ env, files })).filter((vm) => isVmName(vm, env.builder.instance))
  const projects = await Promise.all(
    vms.map(async (vm) => (await configuredProjects({ env, files }, vm)).map((name) => `${vm}/${name}`)),
  )
  return projects.flat().sort()
}
