// What the rest of dvm knows of Lima: instances, and what can be done with them. No argv, no limactl wording.
import type { Command, Completed } from '../../core/command.ts'
import type { OnLine, Streams } from '../../system/exec.ts'

/** `Unknown`: a word that this dvm has never heard; it is in `errors`. Empty: Lima itself does not know. */
export type InstanceStatus =
  | 'Uninitialized'
  | 'Installing'
  | 'Broken'
  | 'Stopped'
  | 'Running'
  | 'Unknown'
  | ''

export interface Instance {
  readonly name: string
  readonly status: InstanceStatus
  readonly dir: string
  readonly arch: string
  readonly vmType: string
  readonly cpus: number
  /** bytes */
  readonly memory: number
  /** bytes */
  readonly disk: number
  readonly sshConfigFile: string | undefined
  /** 0 while it is not known. */
  readonly sshLocalPort: number
  /** Why the instance is Broken, in Lima's words. */
  readonly errors: readonly string[]
}

export interface CreateSpec {
  readonly name: string
  /** The path of a YAML document, or `template:NAME`. */
  readonly template: string
  readonly cpus?: number
  /** GiB */
  readonly memory?: number
  /** GiB */
  readonly disk?: number
  readonly vmType?: string
  /** `host:guest`, both on the loopback. */
  readonly portForwards?: readonly string[]
}

export interface GuestCommand {
  /** Reaches the guest as it is, whatever bytes it holds; empty = the login shell (for `attach`). */
  readonly argv: readonly string[]
  /** Text for stdin; without it stdin is empty. */
  readonly input?: string
  readonly timeoutMs?: number
  /** `/` unless said otherwise; a directory that is not there is exit code 1. */
  readonly workdir?: string
}

/** How a client of the person's own reaches a guest's sshd, on the host's loopback. */
export interface SshEndpoint {
  readonly port: number
  readonly identityFiles: readonly string[]
  /** Who Lima itself logs in as. */
  readonly loginUser: string | undefined
}

/** A connection of one's own, as another user than Lima's, with the person's ssh agent. */
export interface AgentLogin {
  readonly user: string
  /** Who gets the agent must be the VM: its host keys are here, under the name of the instance. */
  readonly knownHostsFile: string
}

export interface CopySpec {
  readonly direction: 'to-guest' | 'from-guest'
  readonly host: string
  readonly guest: string
  /** For directories. */
  readonly recursive?: boolean
  readonly timeoutMs?: number
}

export interface AttachOptions {
  readonly tty?: boolean
  /** This process's, or none; `held` is one that stays empty and ends with this process. */
  readonly stdin?: boolean | 'held'
  /** With the agent, and so not over Lima's connection. */
  readonly login?: AgentLogin | undefined
}

/**
 * Lima, through limactl. Everything throws DvmError: `tool` when limactl is missing or too old, `refused` when run as
 * root, `not-found` for an instance that is not there, `failed` otherwise. `onLine` gets Lima's log as plain text.
 */
export interface Lima {
  /** Lima's version, checked: at least 2.1. An unknown one is accepted with a warning. */
  version(): Promise<string>
  /** @throws `tool` for a Lima that is too old, and nothing else: one that cannot tell its version passes without a word. Asks once. */
  refuseTooOld(): Promise<void>
  list(): Promise<readonly Instance[]>
  /** What `vmType` may be here; empty when nobody can tell. */
  vmTypes(): Promise<readonly string[]>
  /** All or nothing: what a failed create leaves behind is deleted. An existing instance is an error. */
  create(spec: CreateSpec, onLine?: OnLine): Promise<void>
  /** Starting a running instance does nothing. A missing one is `not-found`, never made. */
  start(name: string, options?: { readonly timeoutMs?: number }, onLine?: OnLine): Promise<void>
  /** Stopping one that does not run is an error, unless forced. */
  stop(name: string, options?: { readonly force?: boolean }, onLine?: OnLine): Promise<void>
  /** Deleting a missing one does nothing. One that runs needs `force`. */
  delete(name: string, options?: { readonly force?: boolean }, onLine?: OnLine): Promise<void>
  /** Runs a command in the guest, output captured. Its non-zero exit is data; a VM that cannot be reached is thrown. */
  run(instance: Instance, guest: GuestCommand, onLine?: OnLine): Promise<Completed>
  /** As `run`, with stdin from and stdout to a stream or an open file, byte for byte. */
  stream(instance: Instance, guest: GuestCommand, streams: Streams, onLine?: OnLine): Promise<Completed>
  /** Gives the guest command this terminal; resolves to its exit code. */
  attach(instance: Instance, guest: GuestCommand, options?: AttachOptions): Promise<number>
  /** Undefined before the first start. The port of a VM that does not run is that of its last start. */
  endpoint(instance: Instance): Promise<SshEndpoint | undefined>
  copy(instance: Instance, copy: CopySpec, onLine?: OnLine): Promise<void>
  /** What `create` would run. */
  createCommand(spec: CreateSpec): Command
  /** What `start` would run. */
  startCommand(name: string): Command
}
