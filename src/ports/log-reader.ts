// Reads a log on from where it was read to, in constant memory. One that was started anew since is read from its start.
import { open, type FileHandle } from 'node:fs/promises'
import { isErrno } from '../core/errors.ts'

export interface LogReader {
  readonly path: string
  /** Hands on what is there and was not handed on yet; false when there is no such file. */
  more(onText: (text: string) => void): Promise<boolean>
}

const step = 1024 * 1024
/** So many bytes before the place must still be what they were. A new log of the same length, or a longer one, is told by them. */
const memory = 256

export const createLogReader = (path: string): LogReader => {
  let at = 0
  let before: Buffer = Buffer.alloc(0)
  const isSame = async (file: FileHandle): Promise<boolean> =>
    before.equals(await readAt(file, at - before.length, before.length))
  return {
    path,
    more: async (onText) => {
      const file = await openIfThere(path)
      if (file === undefined) return false
      try {
        if (!(await isSame(file))) {
          at = 0
          before = Buffer.alloc(0)
        }
        for (;;) {
          const bytes = await readAt(file, at, step)
          if (bytes.length === 0) return true
          // Whole lines, so that no character is in two pieces; what comes last is whole as it is.
          const part = bytes.length < step ? bytes : bytes.subarray(0, bytes.lastIndexOf(10) + 1 || step)
          at += part.length
          before = Buffer.concat([before, part]).subarray(-memory)
          onText(part.toString())
        }
      } finally {
        await file.close()
      }
    },
  }
}

const readAt = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

const openIfThere = async (path: string): Promise<FileHandle | undefined> => {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}
