// One `dvm cp` as both directions need it: what the guest's path is, how to get there, and how the command line is typed again.
import {
  absoluteIn,
  endsAbove,
  nameOf,
  pathText,
  relativePath,
  remoteText,
  type CopyRequest,
} from '../core/copy-path.ts'
import { renderCommand } from '../core/command.ts'
import { targetText, type Target } from '../core/target.ts'
import type { Place } from '../ports/containers/index.ts'
import type { GuestEnd } from '../ports/copy/guest.ts'
import type { ShowProgress } from './copy-progress.ts'
import type { Deps } from './deps.ts'
import { codeDirectory } from './guest.ts'
import { loadProject, type Project } from './projects.ts'
import { runningVm } from './running-vm.ts'
import { loadVmConfig } from './vm-config.ts'

export interface CopyOptions {
  readonly recursive: boolean
  /** Shows how far a copy is; for a terminal. */
  readonly show: ShowProgress
}

/** One copy, as it was asked for. */
export interface Copy extends CopyOptions {
  readonly deps: Deps
  readonly local: string
  /** The name that the copy keeps where it goes into a directory. */
  readonly name: string
  /** The guest's path: absolute, or in a project below its workspace. */
  readonly path: string
  /** With its VM, for a sentence. */
  readonly there: string
  /** How to look at it. */
  readonly look: string
  /** The command line. */
  readonly again: string
  /** The guest's end, running. */
  readonly reach: () => Promise<GuestEnd>
}

export const commandLine = (recursive: boolean, source: string, destination: string): string =>
  renderCommand({
    file: 'dvm',
    args: [
      'cp',
      ...(recursive ? ['-r'] : []),
      ...(source.startsWith('-') ? ['--'] : []),
      source,
      destination,
    ],
  })

/** Finds out what the guest's path is. Nothing is started for it, unless a copy gets a name that only a container knows: its workspace's. */
export const prepare = async (
  deps: Deps,
  { direction, local, remote: { target, path: typed } }: CopyRequest,
  options: CopyOptions,
  again: string,
): Promise<Copy> => {
  const { vm, project } = target
  const forAnother = (near: Target): string => {
    const side = remoteText(near, typed)
    return direction === 'to-guest'
      ? commandLine(options.recursive, local, side)
      : commandLine(options.recursive, side, local)
  }
  const [config, itsProject] = await Promise.all([
    loadVmConfig(deps, vm),
    project === undefined ? undefined : loadProject(deps, { vm, project }, forAnother),
  ])
  let place: Promise<Place> | undefined
  const running = (): Promise<Place> =>
    (place ??= runningVm(deps, target, forAnother).then(({ instance }) => ({ instance, user: config.user })))
  // Where a container's workspace is only the container knows: project.sh may say another by now.
  const inProject = async ({ config: { workdir }, target: of }: Project): Promise<string> =>
    direction === 'from-guest' && endsAbove(typed)
      ? absoluteIn((await deps.containers.workdir(await running(), of)) ?? workdir, typed)
      : relativePath(typed)
  const path =
    itsProject === undefined ? absoluteIn(codeDirectory(config.user, vm), typed) : await inProject(itsProject)
  return {
    ...options,
    deps,
    local,
    path,
    name: direction === 'to-guest' ? deps.hostCopy.nameOf(local) : nameOf(path),
    there: pathText(remoteText(target, path)),
    look: renderCommand({ file: 'dvm', args: ['ssh', targetText(target), '--', 'ls', '-laR', path] }),
    again,
    reach: async () => ({
      place: await running(),
      target,
      path,
      workdir: itsProject?.config.workdir,
      again,
    }),
  }
}

/** What the tools of the guest said although all went well. */
export const warn = (deps: Deps, who: string, lines: readonly string[]): void => {
  for (const line of lines) deps.report.warn(`${who}: ${line}`)
}

export const warnOfLeftOut = (deps: Deps, top: string, paths: readonly string[]): void => {
  for (const path of paths)
    deps.report.warn(`left out, being neither a file, a directory nor a link: ${pathText(`${top}/${path}`)}`)
}
