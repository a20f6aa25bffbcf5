// What other commands do for `ssh VM.dvm`: one look at whether it is installed, and nothing else while it is not.
import { messageOf } from '../core/errors.ts'
import { knownHostsFile, sshAlias, sshConfigFile } from '../core/ssh-config.ts'
import type { Deps } from './deps.ts'
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

/** After a VM was removed. */
export const dropSshHost = async (deps: Deps, vm: string): Promise<void> => {
  await deps.files.remove(knownHostsFile(deps.env.stateDir, vm))
  if (!(await sshInstalled(deps))) return
  const { removeHost } = await import('./ssh-hosts.ts')
  await removeHost(deps, vm)
}
