// Whether Lima is new enough, asked only where a VM is made: everything else finds one that this Lima could start.
import { DvmError } from '../core/errors.ts'
import type { Deps } from './deps.ts'

/** @throws DvmError `tool` for a Lima that is missing or too old. One that cannot tell is given the benefit of the doubt. */
export const checkLimaVersion = async (deps: Pick<Deps, 'lima' | 'signal'>): Promise<void> => {
  try {
    await deps.lima.version()
  } catch (error) {
    deps.signal.throwIfAborted()
    if (error instanceof DvmError && error.code === 'tool') throw error
  }
}
