// Where a directory lands on this machine: unpacked under a temporary name, then renamed, or merged into a directory that is there.
import { chmod, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import type { DvmError } from '../../core/errors.ts'
import { hostFailure, inTheWay } from './host-errors.ts'
import { destinationOf, ifThere } from './landing.ts'
import { temporaryIn } from './temporary.ts'
import { unpackInto, type ArchiveSource, type Permissions } from './unpack.ts'

export interface TreeLanding {
  readonly to: Writable
  /** Bytes that have come. */
  received(): number
  /** Why what arrives is not taken, when that is so. */
  fault(): DvmError | undefined
  /** Gives it its name. Resolves to what was left out because it is neither a file, a directory nor a link. */
  commit(): Promise<readonly string[]>
  /** After `commit` it does nothing. */
  discard(): Promise<void>
}

export const landTree = async (typed: string, name: string, source: ArchiveSource): Promise<TreeLanding> => {
  const { path, directory, there, isLink } = await destinationOf(typed, name).catch((error: unknown) => {
    throw hostFailure('write', typed, error)
  })
  const merged = there?.isDirectory() === true && !isLink
  if (!merged && (there !== undefined || isLink)) throw inTheWay(path, 'something else', 'a directory')
  // Inside of what it is merged with: that may be a file system of its own.
  const temporary = await temporaryIn(merged ? path : directory)
  const fresh = `${temporary}/d`
  try {
    await mkdir(temporary, 0o700)
    await mkdir(fresh, 0o700)
  } catch (error) {
    throw hostFailure('write', path, error)
  }
  const unpacking = await unpackInto(fresh, path, source)
  const discard = (): Promise<void> => rm(temporary, { recursive: true, force: true })
  return {
    to: unpacking.to,
    received: () => unpacking.received(),
    fault: () => unpacking.failure(),
    commit: async () => {
      try {
        const { directories, leftOut } = await unpacking.finish()
        if (merged) await checkMeets(fresh, path)
        const moved = merged ? await merge(fresh, path) : [path]
        if (!merged) await rename(fresh, path)
        await permit(path, directories, moved)
        return leftOut
      } catch (error) {
        throw hostFailure('write', path, error)
      } finally {
        await discard()
      }
    },
    discard,
  }
}

/** What is in one directory against what is in another. @throws DvmError where a file and a directory meet */
const checkMeets = async (from: string, to: string): Promise<void> => {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`]
    const there = await ifThere(lstat(target))
    if (there === undefined || there.isDirectory() === entry.isDirectory()) {
      if (there?.isDirectory() === true) await checkMeets(source, target)
      continue
    }
    throw there.isDirectory()
      ? inTheWay(target, 'a directory', 'a file')
      : inTheWay(target, 'something else', 'a directory')
  }
}

/**
 * Moves what is in one directory into another: files replace files, directories that are there keep what else is in them. After
 * `checkMeets`: half of a merge is worse than none.
 */
const merge = async (from: string, to: string): Promise<string[]> => {
  const moved: string[] = []
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`]
    const there = await ifThere(lstat(target))
    if (there?.isDirectory() === true) moved.push(...(await merge(source, target)))
    else {
      await rename(source, target)
      if (entry.isDirectory()) moved.push(target)
    }
  }
  return moved
}

/** Directories that are new get their permissions: last, because one that nobody may write to can neither be filled nor moved. */
const permit = async (
  top: string,
  directories: readonly Permissions[],
  moved: readonly string[],
): Promise<void> => {
  const umask = process.umask()
  for (const { path, mode } of directories.toReversed()) {
    const full = path === '' ? top : `${top}/${path}`
    const isNew = moved.some((each) => full === each || full.startsWith(`${each}/`))
    if (isNew && (path === '' || (mode & 0o700) !== 0o700)) await chmod(full, mode & ~umask)
  }
}
