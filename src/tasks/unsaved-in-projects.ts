// Git work in the workspaces of a VM's projects. To be looked into a container must run, so one that does not is started for it.
import { messageOf } from '../core/errors.ts'
import type { ProjectTarget, Target } from '../core/target.ts'
import { nothing, parseWork, together, type Look } from '../core/unsaved-work.ts'
import type { KeptVolume, Place, ProjectContainer } from '../ports/containers/index.ts'
import type { Deps } from './deps.ts'

/** A container that runs only for the look. */
export interface Started {
  readonly place: Place
  readonly target: ProjectTarget
}

const limit = 120_000

const lookIntoContainer = async (
  deps: Deps,
  place: Place,
  target: ProjectTarget,
  { state, workdir }: ProjectContainer,
  started: Started[],
): Promise<Look> => {
  const name = `${target.vm}/${target.project}`
  const unseen = (why: string): Look => ({ ...nothing, unseen: [`${name}: ${why}`] })
  const script = await deps.assets.text('guest/unsaved-work.sh')
  try {
    if (state !== 'running') {
      // Before: of one that was interrupted nobody knows how far it came.
      started.push({ place, target })
      await deps.containers.start(place, target)
    }
    const options = { timeoutMs: limit }
    const { exitCode, stdout, stderr } = await deps.containers.script(place, target, workdir, script, options)
    if (exitCode === 0) return { ...nothing, found: parseWork(stdout).map((line) => `${name} ${line}`) }
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
const lookIntoVolume = ({ vm, project: only }: Target, { name, project, repository }: KeptVolume): Look => {
  const what = `${vm}/${project}: its workspace, kept without a container (volume ${name})`
  if (repository === undefined) return { ...nothing, unseen: [what] }
  return repository
    ? { ...nothing, found: [`${what}: a repository, and no container to look into it`] }
    : {
        ...nothing,
        empty: [`${what} holds no repository and goes with the ${only === undefined ? 'VM' : 'project'}`],
      }
}

/** One after the other: a VM has the memory for all of them at once only while they are idle. Those that it starts are added to `started`. */
export const lookIntoProjects = async (
  deps: Deps,
  place: Place,
  target: Target,
  started: Started[],
): Promise<Look> => {
  const { vm, project: only } = target
  const wanted = ({ project }: { readonly project: string }): boolean =>
    only === undefined || project === only
  const { containers, kept } = await deps.containers.workspaces(place, vm)
  const looks: Look[] = []
  for (const container of containers.filter(wanted))
    looks.push(await lookIntoContainer(deps, place, { vm, project: container.project }, container, started))
  return together([...looks, ...kept.filter(wanted).map((volume) => lookIntoVolume(target, volume))])
}
