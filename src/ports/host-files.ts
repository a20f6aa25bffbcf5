// The few plain files that tasks read and write on the host.
import { open, readdir, realpath, rm, stat } from 'node:fs/promises'
import { isErrno } from '../core/errors.ts'
import { diskHeaderBytes } from '../core/disk-image.ts'
import { readPlainText, writeFileAtomic } from '../system/files.ts'

export interface HostFiles {
  /**
   * Undefined when there is no such file.
   * @throws DvmError `config` for what is no file, or a link that leads nowhere
   */
  text(path: string): Promise<string | undefined>
  /** Private (0600), whole or not at all. */
  write(path: string, text: string): Promise<void>
  remove(path: string): Promise<void>
  /** A directory and everything in it; a link goes, not where it leads. */
  removeDirectory(path: string): Promise<void>
  /** False also for what is not there. */
  isDirectory(path: string): Promise<boolean>
  /** Names in a directory; none when it is not there. */
  list(path: string): Promise<readonly string[]>
  /** Where a path really leads, and its size; undefined when it leads nowhere. */
  resolve(path: string): Promise<{ readonly path: string; readonly size: number } | undefined>
  /** Bytes that a file takes on its file system, holes left out; undefined when there is none. */
  allocated(path: string): Promise<number | undefined>
  /** Another text whenever the file is another one, was written to, or has another owner or mode; undefined when there is none. */
  stamp(path: string): Promise<string | undefined>
  /** The first bytes of a disk; undefined for what is no file: a pipe would never answer. */
  head(path: string): Promise<Uint8Array | undefined>
}

export const createHostFiles = (): HostFiles => ({
  text: readPlainText,
  write: (path, text) => writeFileAtomic(path, text),
  remove: (path) => rm(path, { force: true }),
  removeDirectory: (path) => rm(path, { recursive: true, force: true }),
  list: (path) =>
    readdir(path).catch((error: unknown) =>
      isErrno(error, 'ENOENT', 'ENOTDIR') ? [] : Promise.reject(error as Error),
    ),
  isDirectory: async (path) => {
    try {
      return (await stat(path)).isDirectory()
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false
      throw error
    }
  },
  resolve: async (path) => {
    try {
      const real = await realpath(path)
      return { path: real, size: (await stat(real)).size }
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
      throw error
    }
  },
  allocated: async (path) => {
    try {
      return (await stat(path)).blocks * 512
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined
      throw error
    }
  },
  stamp: async (path) => {
    try {
      const { mtimeNs, ctimeNs, size, ino } = await stat(path, { bigint: true })
      return `${mtimeNs}-${ctimeNs}-${size}-${ino}`
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) return undefined
      throw error
    }
  },
  head: async (path) => {
    if (!(await stat(path)).isFile()) return undefined
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(diskHeaderBytes), 0, diskHeaderBytes, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  },
})
