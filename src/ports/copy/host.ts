// This machine's end of a copy: what there is to send, and where what comes lands.
import { open, readFile, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { hostFailure, sizeless, special } from './host-errors.ts'
import { ifThere, landFile, type FileLanding } from './landing.ts'
import { landTree, type TreeLanding } from './landing-tree.ts'
import { packTree, type PackedTree } from './pack.ts'
import type { ArchiveSource } from './unpack.ts'

export interface OpenFile {
  readonly fd: number
  readonly size: number
  readonly mode: number
  /** How much of it was read, by whoever reads it; undefined where the system does not tell. */
  position(): Promise<number | undefined>
  close(): Promise<void>
}

/** Every failure is a DvmError that says that it happened here. */
export interface HostCopy {
  /** Links are followed. @throws DvmError `not-found`; `failed` for a device and the like */
  kind(path: string): Promise<'file' | 'directory'>
  /** The name that a copy of this path keeps; empty for `/`. */
  nameOf(path: string): string
  /** True for what a file could replace. */
  isFile(path: string): Promise<boolean>
  /** @throws DvmError `failed` also for one that has contents and no size */
  openFile(path: string): Promise<OpenFile>
  packTree(path: string): Promise<PackedTree>
  landFile(path: string, name: string): Promise<FileLanding>
  landTree(path: string, name: string, source: ArchiveSource): Promise<TreeLanding>
}

const openFile = async (path: string): Promise<OpenFile> => {
  try {
    const file = await open(path, 'r')
    const { size, mode } = await file.stat()
    // As files of /proc are: the guest would be told to expect nothing.
    if (size === 0 && (await file.read(Buffer.alloc(1), 0, 1, 0)).bytesRead > 0) {
      await file.close()
      throw sizeless(path)
    }
    return {
      fd: file.fd,
      size,
      mode: mode & 0o777,
      position: async () => {
        // Linux only. The descriptor is shared with the process that reads, so the position is too.
        const info = await readFile(`/proc/self/fdinfo/${file.fd}`, 'utf8').catch(() => '')
        const position = /^pos:\s*(\d+)/.exec(info)?.[1]
        return position === undefined ? undefined : Number(position)
      },
      close: () => file.close(),
    }
  } catch (error) {
    throw hostFailure('read', path, error)
  }
}

export const createHostCopy = (): HostCopy => ({
  kind: async (path) => {
    const stats = await stat(path).catch((error: unknown) => {
      throw hostFailure('read', path, error)
    })
    if (stats.isDirectory()) return 'directory'
    if (!stats.isFile()) throw special(path)
    return 'file'
  },
  nameOf: (path) => basename(resolve(path)),
  isFile: async (path) => (await ifThere(stat(path)))?.isFile() === true,
  openFile,
  packTree,
  landFile,
  landTree,
})
