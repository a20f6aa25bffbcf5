// Unpacks an archive that a guest has made, into an empty directory of ours. The guest may be hostile: what would reach out of the directory
// ends the copy, links are made last of all, so that nothing is written through one, and nothing gets more than permissions.
import { lstat, symlink } from 'node:fs/promises'
import { posix } from 'node:path'
import { Writable } from 'node:stream'
import type { ReadEntry } from 'tar'
import { pathText } from '../../core/copy-path.ts'
import { DvmError, isErrno } from '../../core/errors.ts'
import { createArchivePieces } from './archive-pieces.ts'
import { hostFailure } from './host-errors.ts'

/** A directory and the permissions that it shall have at last. Until then its owner may write to it. */
export interface Permissions {
  /** Relative; empty for the top. */
  readonly path: string
  readonly mode: number
}

export interface Unpacked {
  readonly directories: readonly Permissions[]
  /** What is neither a file, a directory nor a link, and was left out. */
  readonly leftOut: readonly string[]
}

export interface Unpacking {
  readonly to: Writable
  /** How much of the archive has come. */
  received(): number
  /** Why the archive was not taken, if so. */
  failure(): DvmError | undefined
  /** After the stream has ended: makes the links. */
  finish(): Promise<Unpacked>
}

/** `./a/b/` as `a/b`; undefined for a path that no honest tar writes. */
const insidePath = (path: string): string | undefined => {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  return path.startsWith('/') || parts.includes('..') ? undefined : parts.join('/')
}

const files: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile'])
const specials: ReadonlySet<string> = new Set(['CharacterDevice', 'BlockDevice', 'FIFO'])

/** A name that was not UTF-8 has become another one on its way through tar (7.5); two may have become the same. */
const isBroken = (text: string): boolean => text.includes('\uFFFD')

/** The directory in the guest, for messages: what it is called, how to look at it, how to copy it again. */
export interface ArchiveSource {
  readonly text: string
  readonly look: string
  readonly again: string
}

/** @param destination what the directory will be called, for messages */
export const unpackInto = async (
  directory: string,
  destination: string,
  source: ArchiveSource,
): Promise<Unpacking> => {
  const { Unpack } = await import('tar')
  const links: { path: string; target: string }[] = []
  const directories: Permissions[] = []
  const leftOut: string[] = []
  let failure: DvmError | undefined
  let complete = false
  let received = 0
  // Whoever waits for tar to go on. After an error it may never ask for more, nor end.
  let waiting: (() => void) | undefined
  let ending = false
  const goOn = (): void => {
    // First forgotten: what goes on may have to wait again.
    const next = waiting
    waiting = undefined
    next?.()
  }

  const refuse = (path: string, why: string): false => {
    failure ??= new DvmError(
      'refused',
      `the archive of ${source.text} is not one to unpack: ${pathText(path)} ${why}`,
      { hint: source.look },
    )
    return false
  }

  const damaged = (why: string): DvmError =>
    new DvmError('integrity', `the archive of ${source.text} ${why}`, { hint: `again: ${source.again}` })

  /** Looks at an entry before tar makes anything of it; false for what tar shall not make. */
  const admit = (entry: ReadEntry): boolean => {
    const path = insidePath(entry.path)
    if (path === undefined) return refuse(entry.path, 'leads out of it')
    if (isBroken(entry.path) || isBroken(entry.linkpath ?? '') || /(?:^|[\\/])\.\.(?:$|[\\/])/.test(path)) {
      failure ??= new DvmError('failed', `a name in ${source.text} cannot be kept here: ${pathText(path)}`, {
        hint: `rename it there, or pack the directory there with tar and copy the archive: ${source.look}`,
      })
      return false
    }
    const mode = (entry.mode ?? 0o600) & 0o777
    if (entry.type === 'Directory') {
      entry.mode = mode | 0o700
      directories.push({ path, mode })
      return true
    }
    if (path === '') return refuse(entry.path, 'is no directory')
    if (files.has(entry.type)) {
      entry.mode = mode
      return true
    }
    if (entry.type === 'SymbolicLink') links.push({ path, target: entry.linkpath ?? '' })
    else if (specials.has(entry.type)) leftOut.push(path)
    // Hard links too: the guest's tar was told to make none.
    else refuse(entry.path, `is a ${entry.type}`)
    return false
  }

  /** What tar complains of: a system call that failed here, or what came. */
  const blame = (data: unknown): void => {
    failure ??=
      data instanceof Error && 'syscall' in data
        ? hostFailure('write', destination, data)
        : damaged(`is damaged (${data instanceof Error ? data.message : 'no entry of it can be read'})`)
    goOn()
  }

  const unpack = new Unpack({
    cwd: directory,
    preserveOwner: false,
    noMtime: true,
    filter: (_, entry) => failure === undefined && 'linkpath' in entry && admit(entry),
    onwarn: (_code, _message, data) => blame(data),
  })
  unpack.on('eof', () => (complete = true))
  unpack.on('error', blame)
  unpack.on('drain', () => ending || goOn())
  unpack.on('close', goOn)

  const pieces = createArchivePieces()
  const to = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      received += chunk.length
      const piece = pieces(chunk)
      const more = piece.length === 0 || unpack.write(piece)
      if (failure !== undefined || more) done(failure)
      else waiting = () => done(failure)
    },
    final: (done) => {
      ending = true
      waiting = () => done(failure)
      unpack.end()
    },
  })

  return {
    to,
    received: () => received,
    failure: () => failure,
    finish: async () => {
      if (failure !== undefined) throw failure
      if (!complete) throw damaged('ended too early')
      for (const { path, target } of links) {
        if (await isPlainDirectory(directory, posix.dirname(path)))
          await symlink(target, `${directory}/${path}`).catch((error: unknown) => {
            if (isErrno(error, 'EEXIST')) refuse(path, 'is in it twice')
            else blame(error)
          })
        else refuse(path, 'leads through a link')
        if (failure !== undefined) throw failure as DvmError
      }
      return { directories, leftOut }
    },
  }
}

/** True when each part of the way is a directory itself, not a link to one. */
const isPlainDirectory = async (top: string, path: string): Promise<boolean> => {
  let at = top
  for (const part of path === '.' ? [] : path.split('/')) {
    at = `${at}/${part}`
    if (!(await lstat(at).catch(() => undefined))?.isDirectory()) return false
  }
  return true
}
