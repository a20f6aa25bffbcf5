// Git work in the workspaces of a VM's projects. To be looked into a container must run, so one that does not is started for it.
import { messageOf } from '../core/errors.ts'
import type { ProjectTarget, Target } from '../core/target.ts'
import { parseWork, type Look } from '../core/unsaved-work.ts'
import type { KeptVolume, Place, ProjectContainer } from '../ports/containers/index.ts'
import type { Deps } from './deps.ts'

export interface ProjectsLook extends Look {
  /** Containers that ran only for the look. */
  readonly started: readonly { readonly place: Place; readonly target: ProjectTarget }[]
}

const limit = 120_000

const lookIntoContainer = async (
  deps: Deps,
  place: Place,
  target: ProjectTarget,
  { state, workdir }: ProjectContainer,
): Promise<ProjectsLook> => {
  const name = `${target.vm}/${target.project}`
  const started = state === 'running' ? [] : [{ place, target }]
  const unseen = (why: string): ProjectsLook => ({ found: [], unseen: [`${name}: ${why}`], started })
  const script = await deps.assets.text('guest/unsaved-work.sh')
  try {
    if (state !== 'running') await deps.containers.start(place, target)
    const options = { timeoutMs: limit }
    const { exitCode, stdout, stderr } = await deps.containers.script(place, target, workdir, script, options)
    if (exitCode === 0)
      return { found: parseWork(stdout).map((line) => `${name} ${line}`), unseen: [], started }
    return unseen(
      /executable file .?bash.? not found/i.test(stderr)
        ? 'there is no bash in it to look with'
        : `the look into it failed: ${stderr.trim().split('\n').at(-1) ?? ''}`,
    )
  } catch (error) {
    // What the others hold must not be lost over this one.
    deps.signal.throwIfAborted()
    return unseen(messageOf(error))
  }
}

/** Its files may only be looked into from inside a container. That there is a repository is reason enough to ask. */
const lookIntoVolume = (vm: string, { name, project, repository }: KeptVolume): Look => {
  const what = `${vm}/${project}: its workspace, kept without a container (volume ${name})`
  return repository === true
    ? { found: [`${what}: a repository, and no container to look into it`], unseen: [] }
    : { found: [], unseen: [what] }
}

/** One after the other: a VM has the memory for all of them at once only while they are idle. */
export const lookIntoProjects = async (
  deps: Deps,
  place: Place,
  { vm, project: only }: Target,
): Promise<ProjectsLook> => {
  const wanted = ({ project }: { readonly project: string }): boolean =>
    only === undefined || project === only
  const { containers, kept } = await deps.containers.workspaces(place, vm)
  const looks: ProjectsLook[] = []
  for (const container of containers.filter(wanted))
    looks.push(await lookIntoContainer(deps, place, { vm, project: container.project }, container))
  for (const volume of kept.filter(wanted)) looks.push({ ...lookIntoVolume(vm, volume), started: [] })
  return {
    found: looks.flatMap(({ found }) => found),
    unseen: looks.flatMap(({ unseen }) => unseen),
    started: looks.flatMap(({ started }) => started),
  }
}
