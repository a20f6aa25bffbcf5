// Who may change what dvm is about to evaluate or build from: this user alone.
import { lstat, realpath, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, resolve } from 'node:path'
import { DvmError } from '../core/errors.ts'

const quote = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`

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

/**
 * @throws DvmError `refused` naming every path that is not this user's alone, with the command that repairs it.
 */
export const checkOwnership = async (path: string, upTo: string): Promise<void> => {
  const user = userInfo()
  const foreign: string[] = []
  const writable: string[] = []
  for (const step of await chain(path, upTo)) {
    const info = await stat(step)
    if (info.uid !== user.uid) foreign.push(step)
    if ((info.mode & 0o022) !== 0) writable.push(step)
  }
  if (foreign.length > 0)
    throw new DvmError('refused', `${foreign.join(', ')}: belongs to another user`, {
      hint: `sudo chown ${user.username} ${foreign.map(quote).join(' ')}`,
    })
  if (writable.length > 0)
    throw new DvmError('refused', `${writable.join(', ')}: other users can write to it`, {
      hint: `chmod go-w ${writable.map(quote).join(' ')}`,
    })
}
