// Links and names that the store needs: replaced in one step, read without surprise, free when something must stand aside.
import { lstat, readlink, rename, rm, symlink } from 'node:fs/promises'
import { isErrno } from '../../core/errors.ts'

/** Points a link somewhere else; a reader sees the old one or the new one. */
export const replaceLink = async (target: string, path: string): Promise<void> => {
  const temporary = `${path}.tmp-${process.pid}`
  await rm(temporary, { force: true })
  await symlink(target, temporary)
  await rename(temporary, path)
}

/** Where a link points; undefined for anything else, or nothing. */
export const linkTarget = async (path: string): Promise<string | undefined> => {
  try {
    return await readlink(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EINVAL', 'ENOTDIR')) return undefined
    throw error
  }
}

/** True for anything of that name, a dangling link included. */
export const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

/** The name itself, or with a number when something stands there: what was put aside before stays. */
export const freeName = async (wanted: string): Promise<string> => {
  let name = wanted
  for (let n = 2; await exists(name); n += 1) name = `${wanted}-${n}`
  return name
}
