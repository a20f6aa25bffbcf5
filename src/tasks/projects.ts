// The projects of a VM: what their files say, and the steps that bring their containers up to it.
import { join } from 'node:path'
import type { VmConfig } from '../core/config.ts'
import { devBaseTag } from '../core/dev-base.ts'
import { DvmError, isUnreachable, messageOf, withLog } from '../core/errors.ts'
import { renderProjectScript } from '../core/guest-script.ts'
import {
  containerDrift,
  parseProjectConfig,
  projectVariables,
  specOf,
  type ProjectConfig,
} from '../core/project.ts'
import { setupFailure } from '../core/setup-failure.ts'
import { containerOf, targetText, type ProjectTarget } from '../core/target.ts'
import type { ContainersState, Place } from '../ports/containers/index.ts'
import type { Deps } from './deps.ts'
import { bareImage, ensureDevBase, hasDevBase, planDevBase } from './dev-base.ts'
import { checkConfigured, meant, type Typed } from './known-names.ts'
import { bringsTrust } from './network.ts'
import { configuredProjects, projectsDirectory } from './project-names.ts'
import { keepSshProject } from './ssh-kept.ts'
import type { Step, StepVoice } from './steps.ts'

export interface Project {
  readonly target: ProjectTarget
  readonly config: ProjectConfig
  readonly setup: { readonly path: string; readonly text: string } | undefined
}

const missing = async (deps: Deps, target: ProjectTarget, typed: Typed | undefined): Promise<DvmError> => {
  const near = typed && (await meant(deps, target, typed))
  // A VM without a configuration has no projects to add to.
  if (typed !== undefined) await checkConfigured(deps, target, typed)
  const add = `dvm add ${targetText(target)}`
  return new DvmError(
    'not-found',
    `there is no project "${target.project}" in ${projectsDirectory(deps, target.vm)}`,
    { hint: near === undefined ? add : `${near}, or for a new project: ${add}` },
  )
}

/**
 * Reads the configuration of one project.
 * @param typed for a name that a person typed
 * @throws DvmError `not-found` without one, `config` for values that make no sense, `refused` for unsafe owners or modes.
 */
export const loadProject = async (deps: Deps, target: ProjectTarget, typed?: Typed): Promise<Project> => {
  const { vm, project } = target
  const directory = join(projectsDirectory(deps, vm), project)
  if (!(await deps.files.isDirectory(directory))) throw await missing(deps, target, typed)
  const own = join(directory, 'project.sh')
  const files = [join(deps.env.configDir, 'config.sh'), join(deps.env.configDir, 'vms', vm, 'config.sh'), own]
  const raw = await deps.config.readConfig(files, projectVariables)
  // The VM's files are read first so that project.sh can build on them, but a project is only what its own file says.
  const said = Object.fromEntries(Object.entries(raw).filter(([, { file }]) => file === own))
  const path = join(directory, 'setup.sh')
  const text = await deps.files.text(path)
  if (text !== undefined) await deps.checkOwnership(path, deps.env.configDir)
  return {
    target,
    config: parseProjectConfig(said),
    setup: text === undefined ? undefined : { path, text },
  }
}

/** All projects of a VM, or the one that is named. */
export const loadProjects = async (
  deps: Deps,
  vm: string,
  only: string | undefined,
  typed: Typed,
): Promise<readonly Project[]> => {
  const names = only === undefined ? await configuredProjects(deps, vm) : [only]
  return Promise.all(names.map((project) => loadProject(deps, { vm, project }, typed)))
}

/** The image of projects that name none. */
export const defaultImage = async (deps: Deps, config: VmConfig): Promise<string> => {
  if (config.devBase !== undefined) return config.devBase
  return (await hasDevBase(deps)) ? devBaseTag : bareImage(deps)
}

/** How a container is made anew. */
export interface Anew {
  /** The command line, for when its image cannot be had. */
  readonly again: string
  /** Removes the old one, once the image of the new one is there. */
  readonly makeRoom: () => Promise<void>
}

export interface ProjectWork {
  readonly deps: Deps
  readonly vm: string
  readonly config: VmConfig
  readonly projects: readonly Project[]
  /** Known once the VM runs. */
  readonly place: () => Place
  /** Containers that there are give way to new ones. */
  readonly anew?: Anew | undefined
  /** Told of a project that failed: the others are brought up all the same. */
  readonly onFailure: (target: ProjectTarget, error: unknown) => void
}

/** Steps after the VM itself is ready. None without projects. */
export const projectSteps = (work: ProjectWork): Step[] => {
  const { deps, vm, config, projects, place, onFailure } = work
  if (projects.length === 0) return []
  let state: ContainersState | undefined
  let image: string | undefined
  let withoutDevBase = false
  /** Each further try would cost its whole time-out. */
  let lost = false
  const isLost = (error: unknown): boolean => isUnreachable(error, place().instance.name)
  /** While the image of the others is not known, theirs may be the dev-base. */
  const needsDevBase = (project: Project): boolean =>
    (project.config.image ?? image ?? devBaseTag) === devBaseTag
  return [
    {
      title: `Prepare the containers of ${vm}`,
      run: async (voice) => {
        const fallback = projects.some(needsDevBase) ? defaultImage(deps, config) : undefined
        // Heard of below.
        fallback?.catch(() => undefined)
        const found = await deps.containers.state(place(), vm)
        state = found.ready ? found : await prepared(work, voice)
        try {
          image = await fallback
          const plan = projects.some(needsDevBase) ? await planDevBase(deps) : undefined
          const built = plan !== undefined && (await ensureDevBase(deps, vm, place(), state, plan, voice))
          // Containers that there are stay on the older one, which is told.
          if (built && state.containers.length > 0) state = await deps.containers.state(place(), vm)
        } catch (error) {
          withoutDevBase = true
          lost = isLost(error)
          throw error
        }
      },
      // A dev-base that cannot be built concerns nobody but those who run from it.
      goOn: () => withoutDevBase && !lost && !projects.every(needsDevBase),
    },
    ...projects.map((project): Step => ({
      title: `Project ${project.target.project}`,
      skip: () => (withoutDevBase && needsDevBase(project) ? 'the dev-base could not be built' : undefined),
      run: async (voice) => {
        if (state === undefined) return
        try {
          await syncProject(work, project, { state, image: image ?? '' }, voice)
        } catch (error) {
          onFailure(project.target, error)
          lost = isLost(error)
          throw error
        }
      },
      goOn: () => !lost,
    })),
  ]
}

/** For a project that failed after another one did. */
export const failedToo = (target: ProjectTarget, error: unknown): string => {
  const hint = error instanceof DvmError && error.hint !== undefined ? ` (${error.hint})` : ''
  return `${targetText(target)} failed too: ${messageOf(error)}${hint}`
}

const prepared = async ({ deps, vm, place }: ProjectWork, voice: StepVoice): Promise<ContainersState> => {
  voice.progress('making the VM fit for containers')
  const log = deps.logs.open(deps.logs.pathOf(vm, 'project-podman'))
  try {
    await deps.containers.prepare(place(), vm, (line) => {
      log.line(line)
      voice.progress(line)
    })
  } catch (error) {
    throw withLog(error, log)
  } finally {
    log.close()
  }
  return deps.containers.state(place(), vm)
}

const syncProject = async (
  { deps, config: vmConfig, place, anew }: ProjectWork,
  { target, config, setup }: Project,
  { state, image }: { readonly state: ContainersState; readonly image: string },
  voice: StepVoice,
): Promise<void> => {
  const log = deps.logs.open(deps.logs.pathOf(target.vm, `project-${target.project}`))
  const tell = (line: string): void => {
    log.line(line)
    voice.progress(line)
  }
  try {
    const spec = specOf(config, image)
    if (anew !== undefined) {
      voice.progress(`getting the image ${spec.image}`)
      await deps.containers.pull(place(), target, spec.image, anew.again, tell)
      await anew.makeRoom()
    }
    const found =
      anew === undefined ? state.containers.find(({ name }) => name === containerOf(target)) : undefined
    if (found === undefined) {
      voice.progress(`making its container from ${spec.image}`)
      await deps.containers.create(place(), target, { ...spec, trust: await bringsTrust(deps) }, tell)
    } else {
      const drift = containerDrift(found, spec, state.devBases)
      if (drift.length > 0)
        voice.note(
          `${targetText(target)} keeps what its container was made with: ${drift.join(', ')}; to change it: dvm reset ${targetText(target)} --yes --keep-data`,
        )
      if (found.state !== 'running') await deps.containers.start(place(), target)
    }
    const workdir = found?.workdir ?? spec.workdir
    // Before setup.sh: should that fail, ssh is a way to look why.
    await keepSshProject(deps, {
      target,
      config: vmConfig,
      instance: place().instance,
      container: found?.id,
      workdir,
    })
    if (setup === undefined) return
    voice.progress('running its setup.sh')
    const { exitCode } = await deps.containers.script(
      place(),
      target,
      workdir,
      renderProjectScript(
        {
          DVM_VM: target.vm,
          DVM_PROJECT: target.project,
          PROJ_WORKDIR: workdir,
          PROJ_PORTS: spec.ports.join(','),
        },
        setup.text,
      ),
      { onLine: tell, work: true },
    )
    if (exitCode === 0) return
    const tail = log.tail(20)
    const { message, hint } = setupFailure(setup.path, targetText(target), exitCode, tail)
    throw new DvmError('failed', message, { hint, tail, logFile: log.path })
  } catch (error) {
    throw withLog(error, log)
  } finally {
    log.close()
  }
}
