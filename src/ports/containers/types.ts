// The port to the containers of a VM's projects: rootless podman, as the developer.
import type { Readable } from 'node:stream'
import type { Completed } from '../../core/command.ts'
import type { ProjectTarget } from '../../core/target.ts'
import type { OnLine } from '../../system/exec.ts'
import type { Instance } from '../lima/index.ts'
import type { NewContainer } from './argv.ts'
import type { KeptVolume, LabelledImage, ProjectContainer } from './parse.ts'

/** A VM, and whose podman is meant. */
export interface Place {
  readonly instance: Instance
  readonly user: string
}

export interface ContainersState {
  /** False until `prepare` has run once in this VM. */
  readonly ready: boolean
  readonly containers: readonly ProjectContainer[]
  /** The image that is called localhost/dvm-dev-base:latest. */
  readonly devBases: readonly LabelledImage[]
}

/** What holds the work of a VM's projects. */
export interface Workspaces {
  readonly containers: readonly ProjectContainer[]
  /** Volumes that no container holds. */
  readonly kept: readonly KeptVolume[]
}

export interface DevBaseBuild {
  /** What the image is labelled with. */
  readonly hash: string
  /** The bare system: a reference by digest, or an image that is there. */
  readonly from: string
  /** Every layer anew. */
  readonly noCache: boolean
  /** The network's certificate comes along. */
  readonly trust: boolean
}

/** Everything throws DvmError `failed` (or `network`) with podman's own words, unless it says otherwise. */
export interface Containers {
  /** One round trip, whatever there is. */
  state(place: Place, vm: string): Promise<ContainersState>
  /** What would be lost; one round trip. Nothing where podman never ran. */
  workspaces(place: Place, vm: string): Promise<Workspaces>
  /** Podman, lingering, and containers that return after a restart of the VM. */
  prepare(place: Place, vm: string, onLine: OnLine): Promise<void>
  /** Builds the dev-base in the VM from a context that comes as tar archives. Older ones go, except those that a container still uses. */
  buildDevBase(place: Place, vm: string, made: DevBaseBuild, context: Readable, onLine: OnLine): Promise<void>
  /** Takes in a dev-base that is streamed as an archive; older ones go as well. */
  load(place: Place, vm: string, archive: Readable): Promise<void>
  /** Has the image there before something is given up for it. `again` is what to type when it cannot be had. */
  pull(place: Place, target: ProjectTarget, image: string, again: string, onLine: OnLine): Promise<void>
  /** Makes and starts the container; the image is pulled when it is not there. */
  create(place: Place, target: ProjectTarget, spec: NewContainer, onLine: OnLine): Promise<void>
  /** Starting one that runs does nothing. */
  start(place: Place, target: ProjectTarget): Promise<void>
  /** False when it did not run. */
  stop(place: Place, target: ProjectTarget): Promise<boolean>
  /**
   * Removes the container, and unless it is kept the workspace's volume. What is not there is no error; false when nothing was. `again` is
   * what to type when it fails.
   */
  remove(
    place: Place,
    target: ProjectTarget,
    options: { readonly keepVolume: boolean; readonly again: string },
  ): Promise<boolean>
  /**
   * Lets ssh in to a container that runs, with these public keys; see src/core/project-ssh.ts. One round trip. A host key that is there
   * stays, the rest is renewed.
   */
  prepareSsh(place: Place, target: ProjectTarget, access: SshAccess): Promise<PreparedSsh>
  /** Runs a bash script inside, as the image's user, as everything but sshd's own part is. Its exit code is data. */
  script(
    place: Place,
    target: ProjectTarget,
    workdir: string,
    script: string,
    options: ScriptOptions,
  ): Promise<Completed>
  /** Where the container's workspace is, whatever project.sh says by now; undefined when it has none. @throws `not-found` without one. */
  workdir(place: Place, target: ProjectTarget): Promise<string | undefined>
  /** Gives a command inside this terminal, starting the container when it does not run; resolves to its exit code. */
  attach(place: Place, target: ProjectTarget, options: AttachOptions): Promise<number>
  /** The container's log on this terminal; resolves to podman's exit code. */
  logs(place: Place, target: ProjectTarget, follow: boolean): Promise<number>
}

export interface ScriptOptions {
  readonly onLine?: OnLine
  readonly timeoutMs?: number
  /** Marked as work of a sync, to be found when nobody heard of its end. */
  readonly work?: boolean
}

export interface AttachOptions {
  /** For a container without a workspace of its own; others begin there. */
  readonly workdir: string
  /** Empty for a login shell. */
  readonly argv: readonly string[]
  readonly tty: boolean
  readonly stdin: boolean
  readonly term: string | undefined
}

/** Who is let in, and where a session begins. */
export interface SshAccess {
  readonly workdir: string
  /** Type and base64. */
  readonly keys: readonly string[]
}

/** What the host has to know of a container that lets ssh in. */
export interface PreparedSsh {
  /** Its id. */
  readonly container: string
  /** The account that the image names. */
  readonly account: string
  /** Type and base64. */
  readonly hostKey: string
}
