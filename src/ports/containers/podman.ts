// Calls of rootless podman in a VM, as the developer.
import type { Completed } from '../../core/command.ts'
import { entryArgv } from '../../core/guest-entry.ts'
import { parseSections } from '../../core/sections.ts'
import type { Target } from '../../core/target.ts'
import type { OnLine } from '../../system/exec.ts'
import type { Assets } from '../assets.ts'
import type { Lima } from '../lima/index.ts'
import { containerFailure } from './errors.ts'
import type { Place } from './types.ts'

export const minutes = 60_000
export const hours = 60 * minutes

export const createPodman = (lima: Lima, assets: Pick<Assets, 'text'>) => {
  /** As the developer, with the environment that rootless podman needs. */
  const asUser = async ({ user }: Place, argv: readonly string[]): Promise<string[]> =>
    entryArgv(await assets.text('guest/enter.sh'), user, '/', argv)

  const podman = async (
    place: Place,
    args: readonly string[],
    options: { readonly timeoutMs?: number; readonly input?: string; readonly onLine?: OnLine } = {},
  ): Promise<Completed> =>
    lima.run(
      place.instance,
      {
        argv: await asUser(place, ['podman', ...args]),
        timeoutMs: options.timeoutMs ?? 5 * minutes,
        ...(options.input === undefined ? {} : { input: options.input }),
      },
      options.onLine,
    )
  const must = async (
    what: string,
    target: Target,
    running: Promise<Completed>,
    again?: string,
  ): Promise<Completed> => {
    const completed = await running
    if (completed.exitCode !== 0) throw containerFailure(what, target, completed, { again })
    return completed
  }

  /** What one of dvm's scripts says of a VM: sections. */
  const ask = async (what: string, script: string, place: Place, vm: string) => {
    const { stdout } = await must(
      what,
      { vm, project: undefined },
      lima.run(place.instance, {
        argv: await asUser(place, ['bash', '-s', '--', vm]),
        input: await assets.text(script),
        timeoutMs: 5 * minutes,
      }),
    )
    return parseSections(stdout)
  }

  return { asUser, podman, must, ask }
}
