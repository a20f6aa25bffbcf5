// Links and names that the store needs: replaced in one step, read without surprise, free when something must stand aside.
import { lstat, readlink, realpath, rename, rm, stat, symlink, unlink } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { isErrno, messageOf } from '../../core/errors.ts'

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

/** Where a path would really be, links on the way followed as far as there is anything. */
const realPlace = async (path: string): Promise<{ readonly there: string; readonly whole: string }> => {
  let there = path
  while (!(await exists(there)) && dirname(there) !== there) there = dirname(there)
  const real = await realpath(there).catch(() => there)
  return { there: real, whole: join(real, relative(there, path)) }
}

/**
 * Why no link can be put at a path, in words that follow its name; undefined when it can. A file there would be put aside. What is in
 * `own` is dvm's alone. Tried out in the nearest directory there is, because modes tell root nothing.
 */
export const cannotLinkAt = async (path: string, own: string): Promise<string | undefined> => {
  const there = await stat(path).catch(() => undefined)
  if (/\/(\.{1,2})?$/.test(path) || there?.isDirectory()) return 'names a directory'
  if (there !== undefined && !there.isFile()) return 'names something that is no file'
  const [place, store] = await Promise.all([realPlace(dirname(path)), realPlace(own)])
  if (place.whole === store.whole || place.whole.startsWith(`${store.whole}/`))
    return `is in ${own}, which is dvm's own`
  const trial = join(place.there, `${basename(path)}.tmp-${process.pid}`)
  try {
    await symlink('.', trial)
    await unlink(trial)
    return undefined
  } catch (error) {
    return `cannot be made a link (${messageOf(error).replace(/^[A-Z]+: (.*), \w+ .*$/s, '$1')})`
  }
}
