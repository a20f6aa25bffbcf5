// What other commands do for `ssh VM.dvm` and `ssh PROJECT.VM.dvm`: one look at whether it is installed, and nothing else while it is not.
import { join } from 'node:path'
import { messageOf } from '../core/errors.ts'
import { projectAlias, projectKnownHosts } from '../core/project-ssh.ts'
import { isOfVm, sshAlias, sshConfigFile, sshDirectory } from '../core/ssh-config.ts'
import type { ProjectTarget } from '../core/target.ts'
import type { Deps } from './deps.ts'
import type { SshProject } from './project-ssh.ts'
import type { SshVm } from './ssh-hosts.ts'

export const sshInstalled = async (deps: Pick<Deps, 'env' | 'files'>): Promise<boolean> =>
  (await deps.files.resolve(sshConfigFile(deps.env.stateDir))) !== undefined

/**
 * After a VM was synced or started: its entry has today's port, and ssh knows its host keys. Those are what the guest told; undefined: it
 * is asked, should they not be known yet. A failure here is said, and is none of what the command was for.
 */
export const keepSshHost = async (deps: Deps, about: SshVm, hostKeys?: readonly string[]): Promise<void> => {
  try {
    const installed = await sshInstalled(deps)
    // `dvm ssh` checks host keys as well, where it forwards the agent.
    if (!installed && !about.config.forwardAgent) return
    const { ensureHostKeys, recordHostKeys, updateHost } = await import('./ssh-hosts.ts')
    if (hostKeys === undefined) await ensureHostKeys(deps, about)
    else await recordHostKeys(deps, about.vm, hostKeys)
    if (installed) await updateHost(deps, about)
  } catch (error) {
    deps.signal.throwIfAborted()
    deps.report.warn(`ssh ${sshAlias(about.vm)} may not work: ${messageOf(error)}`)
  }
}

/** After a container was found running or made, at a sync. It is asked only when it is not the one that is known. */
export const keepSshProject = async (deps: Deps, about: SshProject): Promise<void> => {
  try {
    if (!(await sshInstalled(deps))) return
    const { updateProjectHost } = await import('./project-ssh.ts')
    await updateProjectHost(deps, about)
  } catch (error) {
    deps.signal.throwIfAborted()
    deps.report.warn(`ssh ${projectAlias(about.target)} may not work: ${messageOf(error)}`)
  }
}

/** After a VM was removed, and its projects with it. */
export const dropSshHost = async (deps: Deps, vm: string): Promise<void> => {
  const directory = sshDirectory(deps.env.stateDir)
  for (const name of await deps.files.list(directory))
    if (isOfVm(name, vm)) await deps.files.remove(join(directory, name))
  if (!(await sshInstalled(deps))) return
  const { removeHosts } = await import('./ssh-hosts.ts')
  await removeHosts(deps, vm)
}

/** After a project was removed. */
export const dropSshProject = async (deps: Deps, target: ProjectTarget): Promise<void> => {
  await deps.files.remove(projectKnownHosts(deps.env.stateDir, target))
  if (!(await sshInstalled(deps))) return
  const { removeProjectHost } = await import('./project-ssh.ts')
  await removeProjectHost(deps, target)
}
