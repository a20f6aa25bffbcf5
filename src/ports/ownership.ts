// Who may change what dvm is about to evaluate or build from: this user alone.
import type { Stats } from 'node:fs'
import { lstat, realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { quotePath } from '../core/command.ts'
import { DvmError } from '../core/errors.ts'
import { account } from '../system/account.ts'

/** The path and the directories above it up to `upTo`; for a symbolic link also where it leads, with that directory. */
const chain = async (path: string, upTo: string): Promise<readonly string[]> => {
  const top = resolve(upTo)
  const links: string[] = []
  let step = resolve(path)
  links.push(step)
  if (step !== top && !step.startsWith(`${top}/`)) throw new Error(`${path} is not below ${upTo}`)
  while (step !== top) {
    step = dirname(step)
    links.push(step)
  }
  const real = await realpath(path)
  if ((await lstat(path)).isSymbolicLink()) links.push(real, dirname(real))
  return [...new Set(links)]
}

/** Collects paths that are not this user's alone. */
export interface OwnerCheck {
  /** Looks at what one path's stats say. The mode of a link means nothing. */
  see(path: string, stats: Pick<Stats, 'uid' | 'mode' | 'isSymbolicLink'>): void
  /** @throws DvmError `refused` naming every path that failed, with the command that repairs them. */
  judge(): void
}

export const createOwnerCheck = (): OwnerCheck => {
  const { uid, name } = account()
  const foreign: string[] = []
  const writable: string[] = []
  return {
    see: (path, stats) => {
      if (stats.uid !== uid) foreign.push(path)
      if ((stats.mode & 0o022) !== 0 && !stats.isSymbolicLink()) writable.push(path)
    },
    judge: () => {
      if (foreign.length > 0) throw refusal(foreign, 'belongs to another user', `sudo chown ${name}`)
      if (writable.length > 0) throw refusal(writable, 'other users can write to it', 'chmod go-w')
    },
  }
}

const refusal = (paths: readonly string[], what: string, repair: string): DvmError => {
  const shown = paths.slice(0, 5)
  const more = paths.length - shown.length
  return new DvmError('refused', `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}: ${what}`, {
    hint: `${repair} ${paths.slice(0, 50).map(quotePath).join(' ')}`,
  })
}

/**
 * @throws DvmError `refused` naming every path that is not this user's alone, with the command that repairs it.
 */
export const checkOwnership = async (path: string, upTo: string): Promise<void> => {
  const owners = createOwnerCheck()
  for (const step of await chain(path, upTo)) owners.see(step, await stat(step))
  owners.judge()
}
