// Whose a VM's projects may be: rootless podman is an account's own, and DVM_USER may have been another when they were made.
import { NoAccount, isUnreachable } from '../core/errors.ts'
import { targetText, type ProjectTarget } from '../core/target.ts'
import type { Place } from '../ports/containers/index.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'

/**
 * The accounts that syncs have prepared a VM for, `user` first when it is one of them. That one alone where nobody knows: an older dvm
 * did not write it down.
 */
export const preparedUsers = async (
  deps: Pick<Deps, 'state'>,
  vm: string,
  user: string,
): Promise<readonly string[]> => {
  const known = (await deps.state.read(vm))?.users ?? []
  if (known.length === 0) return [user]
  return [...known.filter((each) => each === user), ...known.filter((each) => each !== user)]
}

export interface Answer<T> {
  readonly user: string
  readonly answer: T
}

/**
 * Asks as each of them, all of them also when one fails. One that the VM does not have holds nothing: it was removed by hand, or a sync
 * did not come as far as making it.
 * @throws the first failure
 */
export const askAsEach = async <T>(
  deps: Pick<Deps, 'signal'>,
  instance: Instance,
  users: readonly string[],
  ask: (place: Place) => Promise<T>,
): Promise<readonly Answer<T>[]> => {
  const answers: Answer<T>[] = []
  const failures: unknown[] = []
  const missing: unknown[] = []
  for (const user of users)
    try {
      answers.push({ user, answer: await ask({ instance, user }) })
    } catch (error) {
      deps.signal.throwIfAborted()
      if (isUnreachable(error, instance.name)) throw error
      if (error instanceof NoAccount) missing.push(error)
      else failures.push(error)
    }
  // When it has none of them, nobody knows whose its projects are.
  const [failure] = answers.length === 0 ? [...failures, ...missing] : failures
  if (failure !== undefined) throw failure
  return answers
}

/** Removes a project from the podman of each, and says so of those that are not `user`. False when nobody had it. */
export const removeFromEach = async (
  deps: Pick<Deps, 'signal' | 'state' | 'containers' | 'report'>,
  instance: Instance,
  target: ProjectTarget,
  options: { readonly user: string; readonly keepVolume: boolean; readonly again: string },
): Promise<boolean> => {
  const users = await preparedUsers(deps, target.vm, options.user)
  const removed = await askAsEach(deps, instance, users, (place) =>
    deps.containers.remove(place, target, options),
  )
  const had = removed.filter(({ answer }) => answer).map(({ user }) => user)
  const name = targetText(target)
  for (const other of had.filter((user) => user !== options.user))
    deps.report.note(
      options.keepVolume
        ? `${name} is removed from the account ${other}, too, where its workspace stays`
        : `${name} is removed from the account ${other}, too`,
    )
  return had.length > 0
}
