// Where a copy lands on this machine: under a temporary name until it is complete, then renamed. A file here; a directory in
// landing-tree.ts.
import { lstat, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Stats } from 'node:fs'
import { DvmError, isErrno } from '../../core/errors.ts'
import { tryToWrite } from '../../system/files.ts'
import { hostFailure, inTheWay, noDirectory, special } from './host-errors.ts'
import { temporaryIn } from './temporary.ts'

export interface FileLanding {
  /** Open for writing, from its start. */
  readonly fd: number
  received(): Promise<number>
  /** Why nothing more can be written, when that is so: a process that wrote to it may have been unable to say. */
  fault(): Promise<DvmError | undefined>
  /** Gives it its permissions, without what the umask takes, and its name. */
  commit(mode: number): Promise<void>
  /** After `commit` it does nothing. */
  discard(): Promise<void>
}

export interface Destination {
  /** What the copy will be called. */
  readonly path: string
  /** The directory that it will be in. */
  readonly directory: string
  /** What is there now, links followed; undefined when nothing is. */
  readonly there: Stats | undefined
  readonly isLink: boolean
}

export const ifThere = <T>(looking: Promise<T>): Promise<T | undefined> =>
  looking.catch((error: unknown) =>
    isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP') ? undefined : Promise.reject(error as Error),
  )

/** What a path means for something that is called `name`: a directory takes it in under that name. */
export const destinationOf = async (typed: string, name: string): Promise<Destination> => {
  const first = await ifThere(stat(typed))
  const into = typed.endsWith('/') || first?.isDirectory() === true
  if (into && first?.isDirectory() !== true) throw noDirectory(typed)
  if (into && name === '')
    throw new DvmError('usage', '/ has no name that its copy could keep', {
      hint: `name the destination too: ${typed.replace(/\/$/, '')}/NAME`,
    })
  const path = into ? `${typed.replace(/\/$/, '')}/${name}` : typed
  const directory = dirname(path)
  if ((await ifThere(stat(directory)))?.isDirectory() !== true) throw noDirectory(directory)
  const isLink = (await ifThere(lstat(path)))?.isSymbolicLink() === true
  return { path, directory, there: into ? await ifThere(stat(path)) : first, isLink }
}

export const landFile = async (typed: string, name: string): Promise<FileLanding> => {
  const { path, directory, there } = await destinationOf(typed, name).catch((error: unknown) => {
    throw hostFailure('write', typed, error)
  })
  if (there?.isDirectory() === true) throw inTheWay(path, 'a directory', 'a file')
  if (there !== undefined && !there.isFile()) throw special(path)
  const temporary = await temporaryIn(directory)
  const file = await open(temporary, 'wx', 0o600).catch((error: unknown) => {
    throw hostFailure('write', path, error)
  })
  let over = false
  return {
    fd: file.fd,
    received: async () => (await file.stat()).size,
    fault: async () => {
      try {
        await tryToWrite(file)
        return undefined
      } catch (error) {
        return hostFailure('write', path, error)
      }
    },
    commit: async (mode) => {
      try {
        await file.chmod(mode & 0o777 & ~process.umask())
        await rename(temporary, path)
      } catch (error) {
        throw hostFailure('write', path, error)
      }
      over = true
      await file.close()
    },
    discard: async () => {
      if (over) return
      over = true
      await file.close()
      await rm(temporary, { force: true })
    },
  }
}
