// The ssh entries of VMs: what each is made of, its host keys, and its place in dvm's own file.
import type { VmConfig } from '../core/config.ts'
import { DvmError } from '../core/errors.ts'
import { parseHostKey, renderKnownHosts } from '../core/host-keys.ts'
import {
  dropHosts,
  knownHostsFile,
  putHost,
  renderHost,
  sshAlias,
  sshConfigFile,
} from '../core/ssh-config.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { locked } from './locked.ts'

export interface SshVm {
  readonly vm: string
  readonly config: Pick<VmConfig, 'user' | 'forwardAgent'>
  readonly instance: Instance
}

/** A VM's entry, or undefined when it never ran: then there is neither a key nor a port. */
export const hostEntry = async (deps: Deps, { vm, config, instance }: SshVm): Promise<string | undefined> => {
  const endpoint = await deps.lima.endpoint(instance)
  const { user, forwardAgent } = config
  return endpoint && renderHost({ vm, user, forwardAgent, ...endpoint, stateDir: deps.env.stateDir })
}

export const writeIfNew = async (deps: Pick<Deps, 'files'>, path: string, text: string): Promise<void> => {
  if ((await deps.files.text(path)) !== text) await deps.files.write(path, text)
}

/** Notes what a guest told; nothing told changes nothing. */
export const recordHostKeys = async (
  deps: Pick<Deps, 'env' | 'files'>,
  vm: string,
  keys: readonly string[],
): Promise<void> => {
  if (keys.length > 0)
    await writeIfNew(deps, knownHostsFile(deps.env.stateDir, vm), renderKnownHosts(vm, keys))
}

/**
 * Does in a running VM what a sync does for ssh: Lima's key is let in to DVM_USER's account, the host keys are noted. Asked over Lima's
 * own channel, the one that dvm trusts with everything else.
 * @throws DvmError `failed` when the guest does not answer or tells no keys.
 */
export const askGuest = async (deps: Deps, { vm, config, instance }: SshVm): Promise<void> => {
  const scripts = ['guest/host-keys.sh', 'guest/ssh-access.sh'] as const
  const input = (await Promise.all(scripts.map((name) => deps.assets.text(name)))).join('')
  const keys: string[] = []
  const argv = ['sudo', `DVM_USER=${config.user}`, 'bash', '-s']
  const command = { argv, input, timeoutMs: 60_000 }
  const { exitCode, stderr } = await deps.lima.run(instance, command, (line, stream) => {
    const key = stream === 'stdout' ? parseHostKey(line) : undefined
    if (key !== undefined) keys.push(key)
  })
  if (exitCode !== 0 || keys.length === 0)
    throw new DvmError('failed', `${vm} does not tell its ssh host keys`, {
      hint: `dvm sync ${vm}`,
      tail: stderr.split('\n').filter((line) => line !== ''),
    })
  const refused = stderr.split('\n').find((line) => line.startsWith("Lima's key could not"))
  if (refused !== undefined) deps.report.warn(`${vm}: ${refused}`)
  await recordHostKeys(deps, vm, keys)
}

/** True when ssh has host keys to check this VM against. */
export const hasHostKeys = async (deps: Pick<Deps, 'env' | 'files'>, vm: string): Promise<boolean> =>
  (await deps.files.text(knownHostsFile(deps.env.stateDir, vm))) !== undefined

/** @throws DvmError as askGuest does. */
export const ensureHostKeys = async (deps: Deps, about: SshVm): Promise<void> => {
  if (!(await hasHostKeys(deps, about.vm))) await askGuest(deps, about)
}

/** Changes dvm's own file, if the change is one. Under a lock: VMs are synced side by side, and the file is one. */
export const changeFile = async (deps: Deps, change: (text: string) => string): Promise<void> => {
  const path = sshConfigFile(deps.env.stateDir)
  const before = await deps.files.text(path)
  if (before === undefined || before === change(before)) return
  await locked(deps, 'ssh', async () => {
    const now = await deps.files.text(path)
    // Gone: somebody uninstalled it meanwhile.
    if (now !== undefined) await deps.files.write(path, change(now))
  })
}

export const updateHost = async (deps: Deps, about: SshVm): Promise<void> => {
  const entry = await hostEntry(deps, about)
  await changeFile(deps, (text) => putHost(text, sshAlias(about.vm), entry))
}

/** With those of its projects. */
export const removeHosts = (deps: Deps, vm: string): Promise<void> =>
  changeFile(deps, (text) => dropHosts(text, vm))
