// Before something is deleted for good: is there git work in it that exists nowhere else? A look, never a reason to start anything.
import { DvmError, messageOf } from '../core/errors.ts'
import { entryArgv } from '../core/guest-entry.ts'
import { targetText, type Target } from '../core/target.ts'
import { parseWork } from '../core/unsaved-work.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { codeDirectory } from './guest.ts'
import { loadVmConfig } from './vm-config.ts'

interface Look {
  /** `PATH: what` */
  readonly found: readonly string[]
  /** What could not be looked into, and why. */
  readonly unseen: readonly string[]
}

const limit = 120_000
const nothing: Look = { found: [], unseen: [] }

/** The code directory of a VM. */
const lookIntoVm = async (deps: Deps, instance: Instance, vm: string, user: string): Promise<Look> => {
  const [enter, script] = await Promise.all([
    deps.assets.text('guest/enter.sh'),
    deps.assets.text('guest/unsaved-work.sh'),
  ])
  const argv = entryArgv(enter, user, codeDirectory(user, vm), ['bash', '-s'])
  const completed = await deps.lima.run(instance, { argv, input: script, timeoutMs: limit })
  return completed.exitCode === 0
    ? { found: parseWork(completed.stdout), unseen: [] }
    : { found: [], unseen: [`${vm}: the look into it failed`] }
}

/** The workspaces of projects whose containers run. */
const lookIntoProjects = async (
  deps: Deps,
  instance: Instance,
  user: string,
  { vm, project: only }: Target,
): Promise<Look> => {
  const place = { instance, user }
  const { containers } = await deps.containers.state(place, vm)
  const script = await deps.assets.text('guest/unsaved-work.sh')
  const looks: Look[] = []
  for (const { project, state, spec } of containers) {
    if (project === undefined || (only !== undefined && project !== only)) continue
    const name = `${vm}/${project}`
    if (state !== 'running' || spec === undefined) {
      looks.push({ found: [], unseen: [`${name}: its container does not run`] })
      continue
    }
    const target = { vm, project }
    const { exitCode, stdout } = await deps.containers.script(place, target, spec.workdir, script, () => {})
    looks.push(
      exitCode === 0
        ? { found: parseWork(stdout).map((line) => `${name} ${line}`), unseen: [] }
        : { found: [], unseen: [`${name}: there is no bash in it to look with`] },
    )
  }
  return { found: looks.flatMap(({ found }) => found), unseen: looks.flatMap(({ unseen }) => unseen) }
}

const lookInto = async (deps: Deps, instance: Instance, target: Target): Promise<Look> => {
  if (instance.status !== 'Running') return { found: [], unseen: [`${target.vm} does not run`] }
  const { user } = await loadVmConfig(deps, target.vm)
  const [own, projects] = await Promise.all([
    target.project === undefined ? lookIntoVm(deps, instance, target.vm, user) : nothing,
    lookIntoProjects(deps, instance, user, target),
  ])
  return { found: [...own.found, ...projects.found], unseen: [...own.unseen, ...projects.unseen] }
}

/**
 * Refuses to go on when work would be lost. What cannot be looked into is said, and is no reason to stop.
 * @param retry what to type to lose it on purpose
 * @throws DvmError `refused` naming what was found
 */
export const guardWork = async (
  deps: Deps,
  instance: Instance | undefined,
  target: Target,
  { force, retry }: { readonly force: boolean; readonly retry: string },
): Promise<void> => {
  if (instance === undefined || force) return
  let look: Look
  try {
    look = await lookInto(deps, instance, target)
  } catch (error) {
    deps.signal.throwIfAborted()
    look = { found: [], unseen: [`${target.vm}: ${messageOf(error)}`] }
  }
  if (look.found.length > 0)
    throw new DvmError('refused', `${targetText(target)} holds work that exists nowhere else`, {
      tail: look.found,
      hint: `commit and push it, or lose it with: ${retry} --force`,
    })
  for (const line of look.unseen) deps.report.note(`not looked into for unpushed work: ${line}`)
}
