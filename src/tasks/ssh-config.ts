// `dvm ssh-config`: the ssh entries of all VMs and projects, printed, or kept in a file that the person's own ssh configuration includes.
import { join } from 'node:path'
import { DvmError, messageOf } from '../core/errors.ts'
import { projectAlias } from '../core/project-ssh.ts'
import { isKnownHosts, renderHosts, sshAlias, sshConfigFile, sshDirectory } from '../core/ssh-config.ts'
import { addInclude, removeInclude } from '../core/ssh-include.ts'
import { sshInclude } from '../core/ssh-syntax.ts'
import { containerOf, targetText } from '../core/target.ts'
import type { ProjectContainer } from '../ports/containers/index.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { locked } from './locked.ts'
import { configuredProjects } from './project-names.ts'
import { knownProjectHost, projectHost } from './project-ssh.ts'
import { askGuest, hasHostKeys, hostEntry, type SshVm } from './ssh-hosts.ts'
import { loadVmConfig } from './vm-config.ts'
import { vmNames } from './list-vms.ts'

export interface SshHosts {
  /** Alias and entry, by alias. */
  readonly entries: readonly (readonly [alias: string, entry: string])[]
  /** VMs and projects that ssh cannot log in to before their next sync: they never ran, or their host keys are not known. */
  readonly unready: readonly string[]
}

/**
 * The entries of all VMs, and of their projects where asked for: those lead through dvm's own file, which is there while it is installed.
 * VMs that run are asked, side by side; one that has a problem is told, and does not spoil the rest.
 */
export const sshHosts = async (deps: Deps, projects: boolean): Promise<SshHosts> => {
  const entries: (readonly [string, string])[] = []
  const unready: string[] = []
  const told = async (name: string, action: () => Promise<void>): Promise<void> => {
    try {
      await action()
    } catch (error) {
      deps.signal.throwIfAborted()
      deps.report.warn(`${name}: ${messageOf(error)}`)
    }
  }
  const addProjects = async (about: SshVm): Promise<void> => {
    const names = await configuredProjects(deps, about.vm)
    if (names.length === 0) return
    const running = await runningContainers(deps, about)
    for (const project of names) {
      const target = { vm: about.vm, project }
      const container = running.find(({ name }) => name === containerOf(target))
      await told(targetText(target), async () => {
        const entry =
          container === undefined
            ? await knownProjectHost(deps, { ...about, target })
            : await projectHost(deps, {
                ...about,
                target,
                container: container.id,
                workdir: container.workdir,
              })
        if (entry === undefined) unready.push(targetText(target))
        else entries.push([projectAlias(target), entry])
      })
    }
  }
  const add = async (vm: string, instance: Instance): Promise<void> => {
    const about = { vm, instance, config: await loadVmConfig(deps, vm) }
    const entry = await hostEntry(deps, about)
    if (entry !== undefined) entries.push([sshAlias(vm), entry])
    if (instance.status === 'Running') await told(vm, () => askGuest(deps, about))
    if (entry === undefined || !(await hasHostKeys(deps, vm))) unready.push(vm)
    if (projects) await told(vm, () => addProjects(about))
  }
  const instances = vmNames(deps, await deps.lima.list())
  await Promise.all(instances.map(([vm, instance]) => told(vm, () => add(vm, instance))))
  return { entries: entries.sort(([a], [b]) => (a < b ? -1 : 1)), unready: unready.sort() }
}

const runningContainers = async (
  deps: Deps,
  { vm, instance, config }: SshVm,
): Promise<readonly ProjectContainer[]> => {
  if (instance.status !== 'Running') return []
  const { containers } = await deps.containers.state({ instance, user: config.user }, vm)
  return containers.filter(({ state }) => state === 'running')
}

export interface Installed extends SshHosts {
  readonly file: string
  readonly userFile: string
  /** False: it had been in the person's configuration before. */
  readonly included: boolean
}

const includeOf = (deps: Pick<Deps, 'env'>): string =>
  `Include ${sshInclude(sshConfigFile(deps.env.stateDir))}`

/** A configuration that dvm may not change is often a program's (home-manager, a dotfiles tool): the hint is what to tell that one. */
const edited = async (deps: Deps, change: (before: Buffer) => Buffer, byHand: string): Promise<boolean> => {
  try {
    return await deps.userSshConfig.edit(change)
  } catch (error) {
    if (!(error instanceof DvmError) || error.hint !== undefined) throw error
    throw error.with({ hint: `${byHand}: ${includeOf(deps)}` })
  }
}

/** @throws DvmError when the person's configuration cannot be changed; dvm's own file is in place then. */
export const installSshConfig = async (deps: Deps): Promise<Installed> => {
  const include = includeOf(deps)
  const file = sshConfigFile(deps.env.stateDir)
  return locked(deps, 'ssh', async () => {
    // Looked at under the lock: a sync that ends meanwhile waits with its news, and puts them in after this.
    const hosts = await sshHosts(deps, true)
    const text = renderHosts(hosts.entries)
    if ((await deps.files.text(file)) !== text) await deps.files.write(file, text)
    const included = await edited(deps, (before) => addInclude(before, include), 'make its first line')
    return { ...hosts, file, userFile: deps.userSshConfig.path, included }
  })
}

/** Takes back what installing did; false when there was nothing. */
export const removeSshConfig = async (deps: Deps): Promise<boolean> => {
  const include = includeOf(deps)
  const directory = sshDirectory(deps.env.stateDir)
  return locked(deps, 'ssh', async () => {
    const own = (await deps.files.list(directory)).filter((name) => name === 'config' || isKnownHosts(name))
    for (const name of own) await deps.files.remove(join(directory, name))
    const taken = await edited(deps, (before) => removeInclude(before, include), 'take this line out of it')
    return taken || own.length > 0
  })
}
