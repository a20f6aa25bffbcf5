// Projects as they are: listing, stopping, removing. Each works for a project whose configuration is gone.
import { join } from 'node:path'
import { DvmError, isUnreachable, messageOf, NoAccount } from '../core/errors.ts'
import { instanceOf } from '../core/names.ts'
import { containerDrift, specOf, type ContainerSpec } from '../core/project.ts'
import { targetText, type ProjectTarget } from '../core/target.ts'
import { findInstance } from './builder-vm.ts'
import type { ContainersState, ProjectContainer } from '../ports/containers/index.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { meant, type Typed } from './known-names.ts'
import { locked } from './locked.ts'
import { configuredProjects, projectsDirectory, tellOddProjects } from './project-names.ts'
import { askAsEach, preparedUsers, removeFromEach } from './prepared-users.ts'
import { defaultImage, loadProject } from './projects.ts'
import { runningVm } from './running-vm.ts'
import { dropSshProject } from './ssh-kept.ts'
import { guardWork } from './unsaved-work.ts'
import { loadVmConfig } from './vm-config.ts'

export interface ProjectRow {
  readonly name: string
  /** Podman's word; `none` without a container, `unknown` when the VM does not run. */
  readonly state: string
  /** Of the container, or of the configuration when there is none; null when nobody can tell. */
  readonly image: string | null
  /** How the container and what it would be made from now differ. */
  readonly drift: readonly string[]
  readonly configured: boolean
  /** Why its configuration cannot be read; only then. */
  readonly problem?: string
}

interface FoundContainer extends ProjectContainer {
  /** In whose podman; others have one, too, of the same name. */
  readonly user: string
  readonly others: string[]
  readonly devBases: ContainersState['devBases']
}

/** By project, those of `user` before those of whoever the VM was prepared for earlier. */
const findContainers = async (
  deps: Deps,
  instance: Instance,
  vm: string,
  user: string,
): Promise<ReadonlyMap<string, FoundContainer>> => {
  const users = await preparedUsers(deps, vm, user)
  const states = await askAsEach(deps, instance, users, (place) =>
    deps.containers.state(place, vm).catch((error: unknown) => {
      const isTold = error instanceof NoAccount || isUnreachable(error, instance.name)
      if (place.user === users[0] || isTold) throw error
      deps.signal.throwIfAborted()
      deps.report.warn(`projects of ${place.user}, whose ${vm} was before: ${messageOf(error)}`)
      return { containers: [], devBases: [] }
    }),
  )
  const found = new Map<string, FoundContainer>()
  for (const { user: owner, answer } of states)
    for (const container of answer.containers) {
      const project = container.name.slice(`dvm-${vm}-`.length)
      const first = found.get(project)
      if (first !== undefined) first.others.push(owner)
      else found.set(project, { ...container, user: owner, others: [], devBases: answer.devBases })
    }
  return found
}

/** What project.sh wants, or why nobody can tell. */
const wantedBy = async (
  deps: Deps,
  target: ProjectTarget,
  image: string,
): Promise<{ readonly spec?: ContainerSpec; readonly problem?: string }> => {
  try {
    return { spec: specOf((await loadProject(deps, target)).config, image) }
  } catch (error) {
    deps.signal.throwIfAborted()
    if (error instanceof DvmError) return { problem: error.message }
    throw error
  }
}

/** @throws DvmError `not-found` when there is neither a VM nor a configuration of that name. */
export const listProjects = async (deps: Deps, vm: string): Promise<readonly ProjectRow[]> => {
  const [instance, configured, known] = await Promise.all([
    findInstance(deps, instanceOf(vm)),
    configuredProjects(deps, vm),
    deps.files.resolve(join(deps.env.configDir, 'vms', vm)),
  ])
  if (instance === undefined && known === undefined)
    throw new DvmError('not-found', `there is no VM "${vm}"`, {
      hint: (await meant(deps, { vm, project: undefined }, (near) => `dvm ls ${near.vm}`)) ?? 'dvm ls',
    })
  const [config] = await Promise.all([loadVmConfig(deps, vm), tellOddProjects(deps, vm)])
  const found =
    instance?.status === 'Running' ? await findContainers(deps, instance, vm, config.user) : undefined
  const image = configured.length === 0 ? '' : await defaultImage(deps, config)
  const names = [...new Set([...configured, ...(found?.keys() ?? [])])].sort()
  return Promise.all(
    names.map(async (project): Promise<ProjectRow> => {
      const container = found?.get(project)
      const isConfigured = configured.includes(project)
      // One that is wrong does not keep the others from being listed.
      const { spec: wanted, problem } = isConfigured ? await wantedBy(deps, { vm, project }, image) : {}
      return {
        name: project,
        state: container?.state ?? (found === undefined ? 'unknown' : 'none'),
        image: container?.image ?? wanted?.image ?? null,
        drift:
          container === undefined || wanted === undefined
            ? []
            : [
                ...(container.user === config.user
                  ? []
                  : [`account ${container.user} (DVM_USER: ${config.user})`]),
                ...container.others.map((other) => `another container of the account ${other}`),
                ...containerDrift(container, wanted, container.devBases),
              ],
        configured: isConfigured,
        ...(problem === undefined ? {} : { problem }),
      }
    }),
  )
}

/** False when it did not run, or there is no such VM. */
export const stopProject = (deps: Deps, target: ProjectTarget): Promise<boolean> =>
  locked(deps, `vm:${target.vm}`, async () => {
    const [instance, config] = await Promise.all([
      findInstance(deps, instanceOf(target.vm)),
      loadVmConfig(deps, target.vm),
    ])
    if (instance?.status !== 'Running') return false
    const users = await preparedUsers(deps, target.vm, config.user)
    const stopped = await askAsEach(deps, instance, users, (place) => deps.containers.stop(place, target))
    return stopped.some(({ answer }) => answer)
  })

export interface RemoveProjectOptions {
  readonly yes: boolean
  /** Lose git work that exists nowhere else. */
  readonly force: boolean
  /** Keeps the workspace's volume. */
  readonly keepData: boolean
  readonly config: boolean
}

const flagsOf = ({ keepData, config }: Pick<RemoveProjectOptions, 'keepData' | 'config'>): string =>
  `${keepData ? ' --keep-data' : ''}${config ? ' --config' : ''}`

export const confirm = (
  target: ProjectTarget,
  action: 'rm' | 'reset',
  { yes, keepData, config }: RemoveProjectOptions,
): void => {
  if (yes) return
  const lost = keepData
    ? 'its container, with all that is not in the workspace'
    : 'its container and its workspace'
  throw new DvmError('refused', `${action} ${targetText(target)} deletes ${lost}`, {
    hint: retryOf(action, target, { keepData, config }),
  })
}

/** The command line, confirmed. */
export const retryOf = (
  action: 'rm' | 'reset',
  target: ProjectTarget,
  options: Pick<RemoveProjectOptions, 'keepData' | 'config'>,
): string => `dvm ${action} ${targetText(target)} --yes${flagsOf(options)}`

/** Without the words that confirm: what a guess would lose is told first. */
export const typedFor =
  (action: 'rm' | 'reset', options: Pick<RemoveProjectOptions, 'keepData' | 'config'>): Typed =>
  (near) =>
    `dvm ${action} ${targetText(near)}${flagsOf(options)}`

const removeContainer = async (
  deps: Deps,
  target: ProjectTarget,
  options: RemoveProjectOptions,
): Promise<boolean> => {
  const { keepData, force } = options
  const reading = loadVmConfig(deps, target.vm)
  const [{ instance, started }, { user }] = await Promise.all([
    runningVm(deps, target, typedFor('rm', options), reading),
    reading,
  ])
  return locked(deps, `vm:${target.vm}`, async () => {
    const again = retryOf('rm', target, options)
    // A workspace that is kept loses nothing.
    const guard = { force: force || keepData, retry: again, booted: started }
    const remove = () => removeFromEach(deps, instance, target, { user, keepVolume: keepData, again })
    return guardWork(deps, instance, target, guard, remove)
  })
}

export interface RemovedProject {
  /** What was there. `container`: it, or its workspace alone. Without the VM there is neither. */
  readonly found: 'container' | 'vm' | 'nothing'
  /** The command that was probably meant, when there was no container. */
  readonly meant: string | undefined
  readonly configDirectory: string
  readonly configRemains: boolean
}

/**
 * Removes a project's container, its workspace unless that is kept, and with `config` its configuration.
 * @throws DvmError `refused` without `yes`
 */
export const removeProject = async (
  deps: Deps,
  target: ProjectTarget,
  options: RemoveProjectOptions,
): Promise<RemovedProject> => {
  confirm(target, 'rm', options)
  const hasVm = (await findInstance(deps, instanceOf(target.vm))) !== undefined
  const hadContainer = hasVm && (await removeContainer(deps, target, options))
  // Asked while the names are there: a configuration that is removed below was no slip.
  const near = hadContainer ? undefined : await meant(deps, target, typedFor('rm', options))
  await dropSshProject(deps, target)
  const configDirectory = join(projectsDirectory(deps, target.vm), target.project)
  if (options.config) await deps.files.removeDirectory(configDirectory)
  return {
    found: hadContainer ? 'container' : hasVm ? 'vm' : 'nothing',
    meant: near,
    configDirectory,
    configRemains: (await deps.files.resolve(configDirectory)) !== undefined,
  }
}
