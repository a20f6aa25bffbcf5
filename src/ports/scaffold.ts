// Writes the user's files for the first time. It never changes one that is there, and leaves no half-made directory.
import { randomBytes } from 'node:crypto'
import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { quotePath } from '../core/command.ts'
import { DvmError, isErrno, messageOf } from '../core/errors.ts'
import { ensurePrivateDirectory, writeFileAtomic } from '../system/files.ts'

export interface Scaffold {
  /** True for anything of that name, a dangling link included. */
  exists(path: string): Promise<boolean>
  /**
   * Makes a directory (0700) with these files (0600), all of it or nothing. Returns their paths.
   * @throws DvmError `refused` when something of that name is there.
   */
  createDirectory(path: string, files: Readonly<Record<string, string>>): Promise<readonly string[]>
  /**
   * Makes one file (0600) and the directories above it (0700).
   * @throws DvmError `refused` when something of that name is there.
   */
  createFile(path: string, content: string): Promise<void>
  /** Writes a file of dvm's own in the user's directory, also over an older one. */
  record(path: string, content: string): Promise<void>
}

const exists = async (path: string): Promise<boolean> => {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}

const taken = (path: string): DvmError =>
  new DvmError('refused', `${path} exists already; dvm does not change it`, {
    hint: `see what it is: ls -ld ${quotePath(path)}`,
  })

const writing = async <T>(path: string, action: () => Promise<T>): Promise<T> => {
  try {
    return await action()
  } catch (error) {
    if (error instanceof DvmError || !(error instanceof Error) || !('code' in error)) throw error
    // Not EEXIST alone: that is also what a file in the place of a directory above gives.
    if (isErrno(error, 'EEXIST', 'ENOTEMPTY') && (await exists(path))) throw taken(path)
    throw new DvmError('failed', `${path} cannot be written: ${messageOf(error)}`, {
      hint: isErrno(error, 'ENAMETOOLONG')
        ? 'use a shorter name'
        : `check the owner, mode and free space there: ls -ld ${quotePath(dirname(path))}; df -h ${quotePath(dirname(path))}`,
      cause: error,
    })
  }
}

export const createScaffold = (): Scaffold => ({
  exists,
  createDirectory: (path, files) =>
    writing(path, async () => {
      ensurePrivateDirectory(dirname(path))
      // A name that starts with a dot is no VM's, so nobody takes the unfinished directory for one.
      const unfinished = join(dirname(path), `.${basename(path)}.new-${randomBytes(4).toString('hex')}`)
      await mkdir(unfinished, { mode: 0o700 })
      try {
        for (const [name, content] of Object.entries(files))
          await writeFile(join(unfinished, name), content, { mode: 0o600, flag: 'wx' })
        if (await exists(path)) throw taken(path)
        await rename(unfinished, path)
      } catch (error) {
        await rm(unfinished, { recursive: true, force: true })
        throw error
      }
      return Object.keys(files).map((name) => join(path, name))
    }),
  createFile: (path, content) =>
    writing(path, async () => {
      ensurePrivateDirectory(dirname(path))
      await writeFile(path, content, { mode: 0o600, flag: 'wx' })
    }),
  record: (path, content) => writing(path, () => writeFileAtomic(path, content)),
})
