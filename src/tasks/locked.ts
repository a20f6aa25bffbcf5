// Waiting for a resource in the way every command does it: saying for whom.
import { describeHolder } from '../core/holder.ts'
import type { Deps } from './deps.ts'

export interface LockedOptions {
  /** False: fail with `busy` instead of waiting. */
  readonly wait?: boolean
  /** Told that another one was waited for, so that what was seen before may be old. */
  readonly onWait?: () => void
}

/**
 * Runs the action while this process holds the resource.
 * @throws DvmError `busy` naming the holder, with `wait: false`.
 */
export const locked = <T>(
  deps: Pick<Deps, 'locks' | 'signal' | 'report'>,
  resource: 'base' | 'ssh' | `vm:${string}`,
  action: () => Promise<T>,
  options: LockedOptions = {},
): Promise<T> =>
  deps.locks.hold(
    resource,
    {
      wait: options.wait ?? true,
      signal: deps.signal,
      onWait: (holder) => {
        options.onWait?.()
        deps.report.note(`waiting for ${describeHolder(holder)}`)
      },
    },
    action,
  )
