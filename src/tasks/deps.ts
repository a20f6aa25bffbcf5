// What a task may use: ports by their interfaces, the decoded environment, and a way to tell the story.
import type { Environment } from '../core/environment.ts'
import type { Assets } from '../ports/assets.ts'
import type { BashConfig } from '../ports/bash-config.ts'
import type { Builder } from '../ports/builder/index.ts'
import type { Containers } from '../ports/containers/index.ts'
import type { Consoles } from '../ports/console.ts'
import type { ContextPort } from '../ports/context.ts'
import type { Editors } from '../ports/editors.ts'
import type { HostFacts } from '../ports/host-facts.ts'
import type { GuestCopy } from '../ports/copy/guest.ts'
import type { HostCopy } from '../ports/copy/host.ts'
import type { HostFiles } from '../ports/host-files.ts'
import type { Lima } from '../ports/lima/index.ts'
import type { Locks } from '../ports/locks.ts'
import type { Logs } from '../ports/logs.ts'
import type { Network } from '../ports/network.ts'
import type { PinsFile } from '../ports/pins-file.ts'
import type { Registry } from '../ports/registry/index.ts'
import type { Scaffold } from '../ports/scaffold.ts'
import type { StateStore } from '../ports/state.ts'
import type { BaseStore } from '../ports/store/index.ts'
import type { UserSshConfig } from '../ports/user-ssh-config.ts'
import type { Watcher } from '../ports/watcher.ts'
import type { RunSideBySide, RunSteps } from './steps.ts'

/** Where a task says what a person should know. Wording of failures stays in the errors themselves. */
export interface Report {
  /** One line of the story, for example why something is done. */
  note(line: string): void
  /** Something that deserves attention but does not stop the run. */
  warn(line: string): void
}

/** Facts about the machine that dvm runs on. */
export interface Host {
  /** x86_64 or aarch64 */
  readonly arch: string
  readonly cpus: number
  /** Bytes of memory in all. */
  readonly memory: number
  readonly user: string
}

export interface Deps {
  readonly env: Environment
  readonly host: Host
  readonly version: string
  readonly report: Report
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  readonly runSteps: RunSteps
  readonly runSideBySide: RunSideBySide
  /** Refuses a path that others may change; see ports/ownership. */
  readonly checkOwnership: (path: string, upTo: string) => Promise<void>
  /** The same ports for a part that may be given up: what it started ends with the signal, and it reports elsewhere. */
  readonly apart: (until: AbortSignal, report: Report) => Deps
  readonly assets: Assets
  readonly builder: Builder
  readonly config: BashConfig
  readonly consoles: Consoles
  /** Podman in VMs. */
  readonly containers: Containers
  readonly context: ContextPort
  readonly editors: Editors
  readonly facts: () => Promise<HostFacts>
  readonly files: HostFiles
  /** The two ends of `dvm cp`. */
  readonly guestCopy: GuestCopy
  readonly hostCopy: HostCopy
  readonly lima: Lima
  readonly locks: Locks
  readonly logs: Logs
  /** Proxies, certificates and mirrors of this run's environment. */
  readonly network: Network
  /** Without a path: the pins that ship with dvm. */
  readonly pinsFile: (path?: string) => PinsFile
  readonly registry: Registry
  readonly scaffold: Scaffold
  readonly state: StateStore
  readonly store: BaseStore
  readonly userSshConfig: UserSshConfig
  readonly watcher: () => Promise<Watcher>
  /** The same ports for taking things back: an interruption does not stop them. */
  readonly undo: { readonly lima: Lima; readonly builder: Builder; readonly containers: Containers }
}
