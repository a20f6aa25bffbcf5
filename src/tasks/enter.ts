// `dvm sh` and `dvm ssh`: into a VM as DVM_USER, or into a project. What is stopped is started first.
import type { VmConfig } from '../core/config.ts'
import { entryArgv, loginArgv, personArgv } from '../core/guest-entry.ts'
import { knownHostsFile } from '../core/ssh-config.ts'
import { parseTarget, targetText, type ProjectTarget } from '../core/target.ts'
import type { AgentLogin, Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { codeDirectory } from './guest.ts'
import type { Typed } from './known-names.ts'
import { loadProject } from './projects.ts'
import { runningVm } from './running-vm.ts'
import { keepSshHost } from './ssh-kept.ts'
import { loadVmConfig } from './vm-config.ts'

export interface EnterOptions {
  /** Empty for a login shell. */
  readonly argv: readonly string[]
  readonly tty: boolean
  /** False leaves stdin alone, so that a loop reading a file keeps its lines. */
  readonly stdin: boolean
  /** The terminal's name, for a terminal. */
  readonly term: string | undefined
}

/**
 * Resolves to the exit code of what ran inside.
 * @throws DvmError `not-found` for a VM, project or container that is not there
 */
export const enter = async (deps: Deps, text: string, options: EnterOptions): Promise<number> => {
  const target = parseTarget(text, deps.env.builder.instance)
  const { vm, project } = target
  if (project !== undefined) return enterProject(deps, { vm, project }, options)
  const reading = loadVmConfig(deps, vm)
  const [config, script, { instance, started }] = await Promise.all([
    reading,
    deps.assets.text('guest/enter.sh'),
    runningVm(deps, target, typedFor(options), reading),
  ])
  // Its port is another one now.
  if (started) await keepSshHost(deps, { vm, config, instance })
  const { tty, stdin } = options
  const directory = codeDirectory(config.user, vm)
  if (!config.forwardAgent) {
    // Who else logs in needs sudo, and one look less.
    const own = (await deps.lima.endpoint(instance))?.loginUser === config.user
    const argv = own
      ? personArgv(await deps.assets.text('guest/become.sh'), script, config.user, directory, options.argv)
      : entryArgv(script, config.user, directory, options.argv)
    return deps.lima.attach(instance, { argv }, { tty, stdin })
  }
  const login = await agentLogin(deps, vm, config, instance)
  const argv = loginArgv(script, directory, options.argv)
  return deps.lima.attach(instance, { argv }, { tty, stdin, login })
}

const enterProject = async (deps: Deps, target: ProjectTarget, options: EnterOptions): Promise<number> => {
  const typed = typedFor(options)
  const reading = Promise.all([loadVmConfig(deps, target.vm), loadProject(deps, target, typed)])
  const [[config, project], { instance, started }] = await Promise.all([
    reading,
    runningVm(deps, target, typed, reading),
  ])
  if (started) await keepSshHost(deps, { vm: target.vm, config, instance })
  return deps.containers.attach({ instance, user: config.user }, target, {
    ...options,
    workdir: project.config.workdir,
  })
}

const typedFor =
  ({ argv }: EnterOptions): Typed =>
  (near) =>
    argv.length === 0 ? `dvm sh ${targetText(near)}` : `dvm ssh ${targetText(near)} -- …`

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
