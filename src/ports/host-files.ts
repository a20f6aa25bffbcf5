// The few plain files that tasks read and write on the host.
import { open, rm } from 'node:fs/promises'
import { diskHeaderBytes } from '../core/disk-image.ts'
import { readTextIfThere, writeFileAtomic } from '../system/files.ts'

export interface HostFiles {
  /** Undefined when there is no such file. */
  text(path: string): Promise<string | undefined>
  /** Private (0600), whole or not at all. */
  write(path: string, text: string): Promise<void>
  remove(path: string): Promise<void>
  /** The first bytes of a disk. */
  head(path: string): Promise<Uint8Array>
}

export const createHostFiles = (): HostFiles => ({
  text: readTextIfThere,
  write: (path, text) => writeFileAtomic(path, text),
  remove: (path) => rm(path, { force: true }),
  head: async (path) => {
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(diskHeaderBytes), 0, diskHeaderBytes, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  },
})
