// Before something is deleted for good: is there git work in it that exists nowhere else? A look, never a reason to start a VM.
import { DvmError, messageOf } from '../core/errors.ts'
import { entryArgv } from '../core/guest-entry.ts'
import { targetText, type Target } from '../core/target.ts'
import { parseWork } from '../core/unsaved-work.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { codeDirectory } from './guest.ts'
import { lookIntoProjects, type ProjectsLook } from './unsaved-in-projects.ts'
import { loadVmConfig } from './vm-config.ts'

const limit = 120_000
const nothing = { found: [], unseen: [], started: [] }

/** The code directory of a VM. */
const lookIntoVm = async (
  deps: Deps,
  instance: Instance,
  vm: string,
  user: string,
): Promise<ProjectsLook> => {
  const [enter, script] = await Promise.all([
    deps.assets.text('guest/enter.sh'),
    deps.assets.text('guest/unsaved-work.sh'),
  ])
  const argv = entryArgv(enter, user, codeDirectory(user, vm), ['bash', '-s'])
  const completed = await deps.lima.run(instance, { argv, input: script, timeoutMs: limit })
  return completed.exitCode === 0
    ? { ...nothing, found: parseWork(completed.stdout) }
    : { ...nothing, unseen: [`${vm}: the look into it failed`] }
}

/** What cannot be looked into is no reason not to look into the rest. */
const unlessItFails = (deps: Deps, name: string, look: Promise<ProjectsLook>): Promise<ProjectsLook> =>
  look.catch((error: unknown) => {
    deps.signal.throwIfAborted()
    return { ...nothing, unseen: [`${name}: ${messageOf(error)}`] }
  })

const lookInto = async (deps: Deps, instance: Instance, target: Target): Promise<ProjectsLook> => {
  const { vm, project } = target
  if (instance.status !== 'Running') return { ...nothing, unseen: [`${vm} does not run`] }
  const { user } = await loadVmConfig(deps, vm)
  const looks = await Promise.all([
    project === undefined ? unlessItFails(deps, vm, lookIntoVm(deps, instance, vm, user)) : nothing,
    unlessItFails(
      deps,
      project === undefined ? `projects of ${vm}` : targetText(target),
      lookIntoProjects(deps, { instance, user }, target),
    ),
  ])
  return {
    found: looks.flatMap(({ found }) => found),
    unseen: looks.flatMap(({ unseen }) => unseen),
    started: looks.flatMap(({ started }) => started),
  }
}

export interface GuardOptions {
  readonly force: boolean
  /** What to type to lose it on purpose. */
  readonly retry: string
  /** The VM was stopped: its containers come up by themselves. */
  readonly booted?: boolean
}

/**
 * Refuses to go on when work would be lost. What cannot be looked into is said, and is no reason to stop.
 * @throws DvmError `refused` naming what was found
 */
export const guardWork = async (
  deps: Deps,
  instance: Instance | undefined,
  target: Target,
  { force, retry, booted = false }: GuardOptions,
): Promise<void> => {
  if (instance === undefined || force) return
  const look = await unlessItFails(deps, target.vm, lookInto(deps, instance, target))
  if (look.found.length > 0) {
    // What stays is left as it was.
    for (const { place, target: project } of booted ? [] : look.started)
      await deps.containers.stop(place, project).catch(() => undefined)
    throw new DvmError('refused', `${targetText(target)} holds work that exists nowhere else`, {
      tail: look.found,
      hint: `commit and push it, or lose it with: ${retry} --force`,
    })
  }
  for (const line of look.unseen) deps.report.note(`not looked into for unpushed work: ${line}`)
}
