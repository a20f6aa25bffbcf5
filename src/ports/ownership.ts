// Who may change what dvm is about to evaluate or build from: this user alone.
import type { Stats } from 'node:fs'
import { lstat, readlink, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { quotePath } from '../core/command.ts'
import { DvmError } from '../core/errors.ts'
import { account } from '../system/account.ts'

interface Chain {
  /** The path, the directories above it up to `upTo`, and where any of them that is a link leads. */
  readonly paths: readonly string[]
  /** The directories that hold what links lead to. */
  readonly places: readonly string[]
}

const chainOf = async (path: string, upTo: string): Promise<Chain> => {
  const top = resolve(upTo)
  const paths = [resolve(path)]
  if (paths[0] !== top && paths[0]?.startsWith(`${top}/`) !== true)
    throw new Error(`${path} is not below ${upTo}`)
  while (paths.at(-1) !== top) paths.push(dirname(paths.at(-1) ?? top))
  const hops = (await Promise.all(paths.map(hopsFrom))).flat()
  return { paths: [...new Set([...paths, ...hops])], places: [...new Set(hops.map(dirname))] }
}

/** Each path that a link leads to, through others as well; none for what is no link. */
const hopsFrom = async (path: string): Promise<readonly string[]> => {
  const hops: string[] = []
  // Fails for a link to itself.
  await stat(path)
  for (let at = path; (await lstat(at)).isSymbolicLink(); hops.push(at)) {
    at = resolve(dirname(at), await readlink(at))
  }
  return hops
}

/** Collects paths that are not this user's alone. */
export interface OwnerCheck {
  /** Looks at what one path's stats say. The mode of a link means nothing. */
  see(path: string, stats: Pick<Stats, 'uid' | 'mode' | 'isSymbolicLink'>): void
  /** A directory of which only one entry counts. It may be the system's, or one for everybody's files: there nobody replaces another's. */
  seePlace(path: string, stats: Pick<Stats, 'uid' | 'mode'>): void
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
    seePlace: (path, stats) => {
      if (stats.uid !== uid && stats.uid !== 0) foreign.push(path)
      const sticky = (stats.mode & 0o1000) !== 0
      if ((stats.mode & 0o022) !== 0 && !sticky) writable.push(path)
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
  const { paths, places } = await chainOf(path, upTo)
  for (const step of paths) owners.see(step, await stat(step))
  for (const place of places) if (!paths.includes(place)) owners.seePlace(place, await stat(place))
  owners.judge()
}
