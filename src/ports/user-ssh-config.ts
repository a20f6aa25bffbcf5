// The person's own ~/.ssh/config. Changed in place of what it is: through links, with its mode, whole or not at all.
//
// ssh itself looks in the home of the account, whatever HOME says; the two differ only where somebody has arranged for it.
import { lstat, mkdir, readFile, readlink, realpath, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { quotePath } from '../core/command.ts'
import { DvmError, isErrno, messageOf } from '../core/errors.ts'
import { account } from '../system/account.ts'
import { writeFileAtomic } from '../system/files.ts'

export interface UserSshConfig {
  readonly path: string
  /**
   * Writes what the change makes of its bytes (none when there is no such file). False when that is what it was.
   * @throws DvmError `refused` for a file of another user, `failed` when it cannot be written. Without a hint where the file is not for
   * dvm to change: what to do then depends on the change.
   */
  edit(change: (before: Buffer) => Buffer): Promise<boolean>
}

const linksMax = 40
const newMode = 0o600

/** Where a path leads, also when nothing is there yet. */
const leadsTo = async (path: string): Promise<string> => {
  let step = path
  for (let links = 0; links < linksMax; links += 1) {
    // Of the directory first: a link's `..` counts from where it really is.
    step = join(await realpath(dirname(step)), basename(step))
    try {
      if (!(await lstat(step)).isSymbolicLink()) return step
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return step
      throw error
    }
    step = resolve(dirname(step), await readlink(step))
  }
  throw new DvmError('failed', `${path} is a link that leads to itself`, {
    hint: `make it a file, or lead elsewhere: ls -l ${quotePath(path)}`,
  })
}

const notFile = (file: string): DvmError =>
  new DvmError('failed', `${file} is not a file`, {
    hint: `see what it is, and move it away: ls -ld ${quotePath(file)}`,
  })

const modeOf = async (file: string): Promise<number | undefined> => {
  const found = await stat(file).catch((error: unknown) =>
    isErrno(error, 'ENOENT') ? undefined : Promise.reject(error as Error),
  )
  if (found === undefined) return undefined
  if (!found.isFile()) throw notFile(file)
  // Replacing it would make it ours.
  if (found.uid !== account().uid) throw new DvmError('refused', `${file} belongs to another user`)
  return found.mode & 0o7777
}

/** Of the kind that `edit` makes where there was none. Empty, it says as much as no file. */
const isOfDvm = async (path: string): Promise<boolean> => {
  const found = await lstat(path)
  return found.isFile() && (found.mode & 0o7777) === newMode && found.uid === account().uid
}

/** Reading a pipe would never end. A directory says so itself. */
const checkReadable = async (path: string): Promise<void> => {
  const found = await stat(path).catch(() => undefined)
  if (found !== undefined && !found.isFile() && !found.isDirectory()) throw notFile(path)
}

export const createUserSshConfig = (home: string): UserSshConfig => {
  const path = join(home, '.ssh', 'config')
  const edit = async (change: (before: Buffer) => Buffer): Promise<boolean> => {
    await checkReadable(path)
    const before = await readFile(path).catch((error: unknown) =>
      isErrno(error, 'ENOENT') ? Buffer.alloc(0) : Promise.reject(error as Error),
    )
    const after = change(before)
    if (after.equals(before)) return false
    if (after.length === 0 && (await isOfDvm(path))) {
      await rm(path)
      return true
    }
    await mkdir(dirname(path), { mode: 0o700 }).catch((error: unknown) =>
      isErrno(error, 'EEXIST') ? undefined : Promise.reject(error as Error),
    )
    const file = await leadsTo(path)
    await writeFileAtomic(file, after, (await modeOf(file)) ?? newMode)
    return true
  }
  return {
    path,
    edit: async (change) => {
      try {
        return await edit(change)
      } catch (error) {
        if (error instanceof DvmError || !isErrno(error, ...causes)) throw error
        const look = `see what is there, and move it away: ls -ld ${quotePath(dirname(path))} ${quotePath(path)}`
        throw new DvmError('failed', `${path} cannot be changed: ${messageOf(error)}`, {
          hint: isErrno(error, ...closed) ? undefined : look,
          cause: error,
        })
      }
    },
  }
}

/** Conditions of that file; a full disk and the like say enough themselves. */
const closed = ['EACCES', 'EPERM', 'EROFS']
const causes = [...closed, 'EISDIR', 'ENOTDIR', 'ENOENT', 'ELOOP', 'EEXIST']
