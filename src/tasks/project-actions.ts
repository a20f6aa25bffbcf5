// Projects as they are: listing, stopping, removing, and making a container anew. Each works for a project whose configuration is gone.
import { join } from 'node:path'
import { devBaseTag } from '../core/dev-base.ts'
import { DvmError } from '../core/errors.ts'
import { instanceOf } from '../core/names.ts'
import { containerDrift, specOf, type ContainerSpec } from '../core/project.ts'
import { targetText, type ProjectTarget } from '../core/target.ts'
import { findInstance } from './builder-vm.ts'
import type { Deps } from './deps.ts'
import { planDevBase } from './dev-base.ts'
import { meant, type Typed } from './known-names.ts'
import { locked } from './locked.ts'
import { configuredProjects, projectsDirectory } from './project-names.ts'
import { planSync } from './plan-sync.ts'
import { defaultImage, loadProject } from './projects.ts'
import { runningVm } from './running-vm.ts'
import { dropSshProject } from './ssh-kept.ts'
import { syncVm } from './sync.ts'
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
  const config = await loadVmConfig(deps, vm)
  const state =
    instance?.status === 'Running'
      ? await deps.containers.state({ instance, user: config.user }, vm)
      : undefined
  const image = configured.length === 0 ? '' : await defaultImage(deps, config)
  const found = new Map(
    (state?.containers ?? []).map((container) => [container.name.slice(`dvm-${vm}-`.length), container]),
  )
  const names = [...new Set([...configured, ...found.keys()])].sort()
  return Promise.all(
    names.map(async (project): Promise<ProjectRow> => {
      const container = found.get(project)
      const isConfigured = configured.includes(project)
      // One that is wrong does not keep the others from being listed.
      const { spec: wanted, problem } = isConfigured ? await wantedBy(deps, { vm, project }, image) : {}
      return {
        name: project,
        state: container?.state ?? (state === undefined ? 'unknown' : 'none'),
        image: container?.image ?? wanted?.image ?? null,
        drift:
          state === undefined || container === undefined || wanted === undefined
            ? []
            : containerDrift(container, wanted, state.devBases),
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
    return deps.containers.stop({ instance, user: config.user }, target)
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

const confirm = (
  target: ProjectTarget,
  action: 'rm' | 'reset',
  { yes, keepData, config }: RemoveProjectOptions,
): void => {
  if (yes) return
  const lost = keepData
    ? 'its container, with all that is not in the workspace'
    : 'its container and its workspace'
  throw new DvmError('refused', `${action} ${targetText(target)} deletes ${lost}`, {
    hint: `dvm ${action} ${targetText(target)} --yes${flagsOf({ keepData, config })}`,
  })
}

/** Without the words that confirm: what a guess would lose is told first. */
const typedFor =
  (action: 'rm' | 'reset', options: Pick<RemoveProjectOptions, 'keepData' | 'config'>): Typed =>
  (near) =>
    `dvm ${action} ${targetText(near)}${flagsOf(options)}`

const removeContainer = async (
  deps: Deps,
  target: ProjectTarget,
  options: RemoveProjectOptions,
  action: 'rm' | 'reset',
): Promise<boolean> => {
  const { keepData, force } = options
  const reading = loadVmConfig(deps, target.vm)
  const [{ instance, started }, config] = await Promise.all([
    runningVm(deps, target, typedFor(action, options), reading),
    reading,
  ])
  const place = { instance, user: config.user }
  return locked(deps, `vm:${target.vm}`, async () => {
    // A workspace that is kept loses nothing.
    const retry = `dvm ${action} ${targetText(target)} --yes${flagsOf(options)}`
    return guardWork(deps, instance, target, { force: force || keepData, retry, booted: started }, () =>
      deps.containers.remove(place, target, { keepVolume: keepData }),
    )
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
  const hadContainer = hasVm && (await removeContainer(deps, target, options, 'rm'))
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

/**
 * Makes a project's container anew, from what project.sh says now.
 * @throws DvmError `refused` without `yes`; a configuration that is wrong is told before anything is removed
 */
export const resetProject = async (
  deps: Deps,
  target: ProjectTarget,
  options: Omit<RemoveProjectOptions, 'config'>,
): Promise<void> => {
  const asked = { ...options, config: false }
  const { config, projects } = await planSync(deps, target, typedFor('reset', asked))
  confirm(target, 'reset', asked)
  // As what would keep it from being made is.
  for (const project of projects)
    if ((project.config.image ?? (await defaultImage(deps, config))) === devBaseTag) await planDevBase(deps)
  await removeContainer(deps, target, asked, 'reset')
  // Just this container: the VM and its other projects are left as they are.
  await syncVm(deps, target.vm, { wait: true, project: target.project, setup: false })
}
