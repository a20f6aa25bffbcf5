// Before something is deleted for good: is there git work in it that exists nowhere else? A look, never a reason to start a VM.
import { DvmError, messageOf, NoAccount } from '../core/errors.ts'
import { entryArgv } from '../core/guest-entry.ts'
import { targetText, type Target } from '../core/target.ts'
import { nothing, parseWork, together, type Look } from '../core/unsaved-work.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { codeDirectory } from './guest.ts'
import { lookIntoProjects, type Started } from './unsaved-in-projects.ts'
import { loadVmConfig } from './vm-config.ts'

const limit = 120_000

/** The code directory of a VM. */
const lookIntoVm = async (deps: Deps, instance: Instance, vm: string, user: string): Promise<Look> => {
  const [enter, script] = await Promise.all([
    deps.assets.text('guest/enter.sh'),
    deps.assets.text('guest/unsaved-work.sh'),
  ])
  const argv = entryArgv(enter, user, codeDirectory(user, vm), ['bash', '-s'])
  const completed = await deps.lima.run(instance, { argv, input: script, timeoutMs: limit })
  return completed.exitCode === 0
    ? { ...nothing, found: parseWork(completed.stdout) }
    : { ...nothing, unseen: [`${vm}: the look into it as ${user} failed`] }
}

/** What cannot be looked into is no reason not to look into the rest. */
const unlessItFails = (name: string, look: Promise<Look>, mayBeNobody = false): Promise<Look> =>
  look.catch((error: unknown) =>
    mayBeNobody && error instanceof NoAccount
      ? nothing
      : { ...nothing, unseen: [`${name}: ${messageOf(error)}`] },
  )

/** In whose homes work may be: the configuration may be gone, or name somebody new. */
const usersOf = async (deps: Deps, vm: string): Promise<readonly string[]> => {
  const known = (await deps.state.read(vm))?.users ?? []
  return known.length > 0 ? known : [(await loadVmConfig(deps, vm)).user]
}

const lookInto = async (
  deps: Deps,
  instance: Instance,
  target: Target,
  started: Started[],
): Promise<Look> => {
  const { vm, project } = target
  if (instance.status !== 'Running') return { ...nothing, unseen: [`${vm} does not run`] }
  const users = await usersOf(deps, vm)
  const looks = users.flatMap((user) => [
    ...(project === undefined ? [unlessItFails(vm, lookIntoVm(deps, instance, vm, user))] : []),
    unlessItFails(
      project === undefined ? `projects of ${vm}` : targetText(target),
      lookIntoProjects(deps, { instance, user }, target, started),
      // One of several may never have come to be, or be gone.
      users.length > 1,
    ),
  ])
  return together(await Promise.all(looks))
}

export interface GuardOptions {
  readonly force: boolean
  /** What to type to lose it on purpose. */
  readonly retry: string
  /** The VM was stopped: its containers come up by themselves. */
  readonly booted?: boolean
  /** What is started for the look is stopped after it, also when nothing is in the way. */
  readonly onlyLook?: boolean
}

/**
 * Removes something, unless work would be lost with it. What cannot be looked into is said, and is no reason to stop.
 * @throws DvmError `refused` naming what was found
 */
export const guardWork = async <T>(
  deps: Deps,
  instance: Instance | undefined,
  target: Target,
  { force, retry, booted = false, onlyLook = false }: GuardOptions,
  remove: () => Promise<T>,
): Promise<T> => {
  if (instance === undefined || force) return remove()
  const started: Started[] = []
  let gone = false
  try {
    const look = await unlessItFails(target.vm, lookInto(deps, instance, target, started))
    // Not before every look has ended: until then each may start a container.
    deps.signal.throwIfAborted()
    if (look.found.length > 0)
      throw new DvmError('refused', `${targetText(target)} holds work that exists nowhere else`, {
        tail: look.found,
        hint: `commit and push it, or lose it with: ${retry} --force`,
      })
    for (const line of look.unseen) deps.report.note(`not looked into for unpushed work: ${line}`)
    for (const line of look.empty) deps.report.note(line)
    const removed = await remove()
    gone = !onlyLook
    return removed
  } finally {
    // What stays is left as it was, after Ctrl-C too.
    for (const { place, target: project } of booted || gone ? [] : started)
      await deps.undo.containers.stop(place, project).catch(() => undefined)
  }
}
