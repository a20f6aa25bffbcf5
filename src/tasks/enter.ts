// `dvm sh` and `dvm ssh`: into a VM as DVM_USER. A stopped VM is started first.
import type { VmConfig } from '../core/config.ts'
import { entryArgv, loginArgv } from '../core/guest-entry.ts'
import { checkVmName } from '../core/names.ts'
import { knownHostsFile } from '../core/ssh-config.ts'
import type { AgentLogin, Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { codeDirectory } from './guest.ts'
import { runningVm } from './running-vm.ts'
import { keepSshHost } from './ssh-kept.ts'
import { loadVmConfig } from './vm-config.ts'

export interface EnterOptions {
  /** Empty for a login shell. */
  readonly argv: readonly string[]
  readonly tty: boolean
  /** False leaves stdin alone, so that a loop reading a file keeps its lines. */
  readonly stdin: boolean
}

/** Resolves to the exit code of what ran inside. */
export const enterVm = async (deps: Deps, vm: string, options: EnterOptions): Promise<number> => {
  checkVmName(vm, deps.env.builder.instance)
  const [config, script, { instance, started }] = await Promise.all([
    loadVmConfig(deps, vm),
    deps.assets.text('guest/enter.sh'),
    runningVm(deps, vm),
  ])
  // Its port is another one now.
  if (started) await keepSshHost(deps, { vm, config, instance })
  const { tty, stdin } = options
  const directory = codeDirectory(config.user, vm)
  if (!config.forwardAgent) {
    const argv = entryArgv(script, config.user, directory, options.argv)
    return deps.lima.attach(instance, { argv }, { tty, stdin })
  }
  const login = await agentLogin(deps, vm, config, instance)
  const argv = loginArgv(script, directory, options.argv)
  return deps.lima.attach(instance, { argv }, { tty, stdin, login })
}

/** The way in that the agent can go; see ports/lima/guest.ts for why it is another one. */
const agentLogin = async (
  deps: Deps,
  vm: string,
  config: VmConfig,
  instance: Instance,
): Promise<AgentLogin> => {
  const { ensureHostKeys } = await import('./ssh-hosts.ts')
  await ensureHostKeys(deps, { vm, config, instance })
  return { user: config.user, knownHostsFile: knownHostsFile(deps.env.stateDir, vm) }
}
