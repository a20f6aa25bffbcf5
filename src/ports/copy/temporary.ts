// Temporary names for what is still arriving: beside the final one, so that a rename completes it.
import { randomBytes } from 'node:crypto'
import { lstat, readdir, rm } from 'node:fs/promises'
import { isErrno } from '../../core/errors.ts'

/** The guest's end (templates/guest/copy.sh) names its own in the same way. */
const pattern = /^\.dvm-cp-(\d+)-[0-9a-f]+$/

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return isErrno(error, 'EPERM')
  }
}

/** Removes what a dvm that was killed has left in this directory. Nobody else's, and nothing of one that lives. */
const sweep = async (directory: string): Promise<void> => {
  const names = await readdir(directory)
  for (const name of names) {
    const pid = pattern.exec(name)?.[1]
    if (pid === undefined || lives(Number(pid))) continue
    const path = `${directory}/${name}`
    if ((await lstat(path)).uid === process.getuid?.()) await rm(path, { recursive: true, force: true })
  }
}

/** A path for one copy that arrives in this directory. */
export const temporaryIn = async (directory: string): Promise<string> => {
  // Tidying up is no reason to fail.
  await sweep(directory).catch(() => undefined)
  return `${directory}/.dvm-cp-${process.pid}-${randomBytes(6).toString('hex')}`
}
