// What this machine's end of a copy fails with: which path here, and what to type.
import { dirname } from 'node:path'
import { quoteWord } from '../../core/command.ts'
import { pathText } from '../../core/copy-path.ts'
import { conditionOf, DvmError, isErrno, messageOf } from '../../core/errors.ts'

const hintFor = (error: unknown, path: string): string => {
  const directory = quoteWord(dirname(path))
  if (isErrno(error, 'ENOSPC', 'EDQUOT', 'EFBIG')) return `df -h ${directory}`
  return `ls -la ${directory}`
}

/** A system call that failed, in a person's words: `dvm: cannot write x here: no space left on device`. */
export const hostFailure = (what: 'read' | 'write', path: string, error: unknown): DvmError => {
  if (error instanceof DvmError) return error
  if (what === 'read' && isErrno(error, 'ENOENT', 'ENOTDIR'))
    return new DvmError('not-found', `${pathText(path)} does not exist here`, { hint: hintFor(error, path) })
  // `ENOSPC: no space left on device, write`
  const reason = (conditionOf(error)?.message ?? messageOf(error)).replace(/^E[A-Z]+: /, '').split(',')[0]
  return new DvmError('failed', `cannot ${what} ${pathText(path)} here: ${reason}`, {
    hint: hintFor(error, path),
    cause: error,
  })
}

export const noDirectory = (directory: string): DvmError =>
  new DvmError('not-found', `there is no directory ${pathText(directory)} here`, {
    hint: `mkdir -p ${quoteWord(directory)}`,
  })

export const inTheWay = (path: string, what: 'a directory' | 'something else', arrives: string): DvmError =>
  new DvmError(
    'failed',
    `${what} is in the place of ${pathText(path)} here, and ${arrives} does not replace it`,
    {
      hint: `copy to another name, or look first: ls -la ${quoteWord(dirname(path))}`,
    },
  )

export const special = (path: string): DvmError =>
  new DvmError('failed', `${pathText(path)} here is neither a file nor a directory`, {
    hint: `ls -la ${quoteWord(dirname(path))}`,
  })

/** A file of /proc, for example. */
export const sizeless = (path: string): DvmError =>
  new DvmError('failed', `${pathText(path)} here does not say how big it is`, {
    hint: `cat ${quoteWord(path)} >FILE, and copy that`,
  })
