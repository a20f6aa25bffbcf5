// Packs a directory of this machine for the guest's end of a copy: the directory as `d`, and last of all an empty file `end`, without which
// an archive that broke off between two files would look whole.
import { lstat, readdir, readlink, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { WriteEntry } from 'tar'
import { pathText } from '../../core/copy-path.ts'
import { DvmError } from '../../core/errors.ts'
import { hostFailure } from './host-errors.ts'

export interface PackedTree {
  readonly from: Readable
  readonly mode: number
  /** What is neither a file, a directory nor a link, and is left out. */
  readonly leftOut: readonly string[]
  /** How much of the archive was read so far. */
  sent(): number
  /** Why the stream ended early, if it did. */
  failure(): unknown
}

interface Found {
  readonly paths: string[]
  readonly leftOut: string[]
}

const notUtf8 = (path: string): DvmError =>
  new DvmError('failed', `a name here is not UTF-8: ${pathText(path)}`, {
    hint: 'rename it, or pack the directory with tar and copy the archive',
  })

/** A name as text. What is no UTF-8 has no text that leads back to it. */
const textOf = (bytes: Buffer, where: string): string => {
  const text = bytes.toString()
  if (!Buffer.from(text).equals(bytes)) throw notUtf8(`${where}/${text}`)
  return text
}

/** Everything below a directory, each directory before what is in it. */
const find = async (top: string, below: string, found: Found): Promise<Found> => {
  const directory = join(top, below)
  for (const entry of await readdir(directory, { withFileTypes: true, encoding: 'buffer' })) {
    const path = `${below}/${textOf(entry.name, directory)}`
    if (entry.isSymbolicLink()) textOf(await readlink(join(top, path), { encoding: 'buffer' }), directory)
    if (entry.isDirectory() || entry.isFile() || entry.isSymbolicLink()) found.paths.push(path)
    else found.leftOut.push(path.slice(2))
    if (entry.isDirectory()) await find(top, path, found)
  }
  return found
}

/** Nobody's, with permissions only. The top must be writable until it has its place. */
const plain = (entry: WriteEntry): void => {
  entry.myuser = ''
  if (entry.stat === undefined) return
  entry.stat.uid = 0
  entry.stat.gid = 0
  entry.stat.mode = (entry.stat.mode & 0o777) | (entry.path === '.' || entry.path === './' ? 0o700 : 0)
}

async function* archive(top: string, paths: readonly string[]): AsyncGenerator<Buffer> {
  const { create, Header } = await import('tar')
  const options = { cwd: top, prefix: 'd', noDirRecurse: true, noMtime: true, onWriteEntry: plain }
  // Paths begin with `./`: a name like @x or C:x is nothing special to tar then.
  const pack = create(options, ['.', ...paths])
  // A file that cannot be read is reported once for each look that tar takes at it; the loop hears the first, and nobody would hear the others.
  pack.on('error', () => {})
  for await (const chunk of pack) yield chunk
  const end = new Header({ path: 'end', mode: 0o600, size: 0, type: 'File', mtime: new Date(0) })
  end.encode()
  yield end.block ?? Buffer.alloc(0)
  yield Buffer.alloc(1024)
}

/** The file that a system call failed on. */
const placeOf = (error: unknown, directory: string): string =>
  error instanceof Error && 'path' in error ? String(error.path) : directory

/**
 * Reads the names at once, and the files when the stream is read.
 * @throws DvmError `failed` for a name that is not UTF-8, and for what may not be read
 */
export const packTree = async (directory: string): Promise<PackedTree> => {
  let failure: unknown
  let sent = 0
  try {
    // The directory itself may be named by a link; what is in it is not followed.
    const top = await realpath(directory)
    const [found, stats] = await Promise.all([find(top, '.', { paths: [], leftOut: [] }), lstat(top)])
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of archive(top, found.paths)) {
        sent += chunk.length
        yield chunk
      }
    }
    const from = Readable.from(counted(), { objectMode: false })
    from.once('error', (error) => (failure = hostFailure('read', placeOf(error, directory), error)))
    return {
      from,
      mode: stats.mode & 0o777,
      leftOut: found.leftOut,
      sent: () => sent,
      failure: () => failure,
    }
  } catch (error) {
    throw hostFailure('read', placeOf(error, directory), error)
  }
}
