// File primitives that every port needs: private directories, atomic writes, reads that may find nothing.
import { randomBytes } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { lstat, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { quotePath } from '../core/command.ts'
import { DvmError, isErrno } from '../core/errors.ts'

/**
 * Makes a directory and its parents, 0700 where it had to be made. Step by step: Node's own `recursive` never returns where a file
 * system says ENOENT to a new directory, as /proc does.
 */
export const ensurePrivateDirectory = (path: string): void => {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (
      isErrno(error, 'EEXIST', 'EISDIR', 'EROFS') &&
      statSync(path, { throwIfNoEntry: false })?.isDirectory()
    )
      return
    if (!isErrno(error, 'ENOENT') || dirname(path) === path) throw error
    const parent = dirname(path)
    if (statSync(parent, { throwIfNoEntry: false }) !== undefined)
      throw new DvmError('config', `no directory can be made in ${parent}`, {
        hint: 'check DVM_STATE_DIR, DVM_CACHE_DIR and DVM_CONFIG_DIR',
        cause: error,
      })
    ensurePrivateDirectory(parent)
    ensurePrivateDirectory(path)
  }
}

/** Writes a whole file or nothing: temporary name in the same directory, fsync, rename. */
export const writeFileAtomic = async (
  path: string,
  content: string | Uint8Array,
  mode = 0o600,
): Promise<void> => {
  ensurePrivateDirectory(dirname(path))
  const temporary = `${path}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(content)
      // The mode that was asked for, not what the umask leaves of it.
      await file.chmod(mode)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
}

/**
 * Throws, with the system's own error, when nothing more can be written to an open file; leaves the file as it was otherwise. For one
 * that another process wrote to, which may have been unable to say so. @param file at its end
 */
export const tryToWrite = async (file: FileHandle): Promise<void> => {
  const { size } = await file.stat()
  // More than the rest of a block that is there already.
  await file.writeFile(Buffer.alloc(1024 * 1024))
  await file.truncate(size)
}

/** Makes a rename in this directory survive a power cut. */
export const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** A text file's content, or undefined when there is none. */
export const readTextIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/**
 * The same for a file of a person's, where anything may stand.
 * @throws as `isPlainFile`
 */
export const readPlainText = async (path: string): Promise<string | undefined> =>
  (await isPlainFile(path)) ? readTextIfThere(path) : undefined

/**
 * False when there is nothing. A pipe that nobody writes to would be waited for, and Node could not even exit.
 * @throws DvmError `config` for what is no file, and for a link that leads nowhere: whoever made it meant a file
 */
export const isPlainFile = async (path: string): Promise<boolean> => {
  try {
    if ((await stat(path)).isFile()) return true
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error
    if ((await lstat(path).catch(() => undefined))?.isSymbolicLink() !== true) return false
    throw new DvmError('config', `${path} is a link that leads nowhere`, {
      hint: `see where it should lead: ls -l ${quotePath(path)}`,
      cause: error,
    })
  }
  throw new DvmError('config', `${path} is not a file`, {
    hint: `see what it is, and move it away: ls -ld ${quotePath(path)}`,
  })
}
