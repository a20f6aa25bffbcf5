// The file that holds the pins: read as text, replaced whole.
import { realpath, stat } from 'node:fs/promises'
import { DvmError, isErrno, messageOf } from '../core/errors.ts'
import { readPlainText, writeFileAtomic } from '../system/files.ts'
import { packagePath } from '../system/paths.ts'

export interface PinsFile {
  readonly path: string
  /** @throws DvmError `not-found` when there is no such file, `config` when it is none. */
  text(): Promise<string>
  /**
   * Replaces the file atomically, keeping its mode; a link stays a link.
   * @throws DvmError `failed` with `hint` when the file is not the user's to write.
   */
  write(text: string, hint: string): Promise<void>
}

/** Without a path: the pins that ship with dvm. */
export const createPinsFile = (path = packagePath('pins.json')): PinsFile => ({
  path,
  text: async () => {
    const text = await readPlainText(path)
    if (text !== undefined) return text
    throw new DvmError('not-found', `there is no ${path}`, { hint: 'check --file' })
  },
  write: async (text, hint) => {
    try {
      const target = await realpath(path)
      await writeFileAtomic(target, text, (await stat(target)).mode & 0o777)
    } catch (error) {
      if (!isErrno(error, 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT')) throw error
      throw new DvmError('failed', `cannot write ${path}: ${messageOf(error)}`, { hint, cause: error })
    }
  },
})
