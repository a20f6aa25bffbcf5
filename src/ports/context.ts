// The build context on the host: scanned once for the input hash, then shipped as one tar stream. Nothing is copied on the host.
import { lstat, readdir, readlink, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { flavourFile } from '../core/base-flavour.ts'
import { quotePath } from '../core/command.ts'
import { DvmError, isErrno } from '../core/errors.ts'
import { readByDvm } from '../core/read-by-dvm.ts'
import { isPlainFile, readPlainText } from '../system/files.ts'
import { checkOwnership, createOwnerCheck, type OwnerCheck } from './ownership.ts'

export interface Scan {
  /** Path → `mode:sha256` or `link:target`. */
  readonly files: Readonly<Record<string, string>>
}

export interface BaseScan extends Scan {
  /** Left out because the name says that it is a secret. */
  readonly secrets: readonly string[]
  /** The one that is in force, or that would be. */
  readonly ignoreFile: '.containerignore' | '.dockerignore'
}

/** One folder that goes into the builder: where it is, where it lands, which of its paths. */
export interface Shipment {
  readonly from: string
  readonly to: string
  readonly paths: readonly string[]
  /** The name that a single file gets there. */
  readonly as?: string
}

export interface ContextPort {
  /**
   * The user's base directory after its ignore rules.
   * @throws DvmError `refused` when others could write to a directory in it or to a file that is shipped.
   */
  scanBase(directory: string): Promise<BaseScan>
  /** Every file of a folder that ships with dvm. */
  scanFolder(directory: string): Promise<Scan>
  /** One deterministic tar stream of all shipments: fixed times and owner, so that layer caches hold. */
  pack(shipments: readonly Shipment[]): Readable
}

/** Node gives names as text, and one that is none leads nowhere. */
const unreadable =
  (root: string, path: string) =>
  (error: unknown): never => {
    const full = join(root, path)
    if (!isErrno(error, 'ENOENT')) throw error
    if (path.includes('\uFFFD'))
      throw new DvmError('config', `${full}: its name is not UTF-8`, {
        hint: `rename it, or move it out of there; see what it is: ls -lb ${quotePath(dirname(full))}`,
        cause: error,
      })
    throw new DvmError('failed', `${full} went away while it was read`, {
      hint: 'run the same command again',
      cause: error,
    })
  }

const listFiles = async (root: string, directory = '', owners?: OwnerCheck): Promise<string[]> => {
  const entries = await readdir(join(root, directory), { withFileTypes: true }).catch(
    unreadable(root, directory),
  )
  // Who may write to a directory decides what is in it, shipped or not.
  owners?.see(join(root, directory), await lstat(join(root, directory)))
  // Only empty directories are entries of their own; the others come with their files.
  if (entries.length === 0 && directory !== '') return [`${directory}/`]
  const nested = await Promise.all(
    entries.map((entry) => {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`
      // Never shipped, and thousands of files.
      if (path === '.git') return Promise.resolve([])
      return entry.isDirectory() ? listFiles(root, path, owners) : Promise.resolve([path])
    }),
  )
  return nested.flat().sort()
}

/** As text; the archive has no other way. */
const targetOf = async (path: string): Promise<string> => {
  const bytes = await readlink(path, 'buffer')
  const target = bytes.toString()
  if (Buffer.from(target).equals(bytes)) return target
  throw new DvmError('config', `${path} leads to a name that is not UTF-8`, {
    hint: `remove it, or add it to .containerignore; see what it is: ls -lb ${quotePath(path)}`,
  })
}

const describe = async (root: string, path: string, owners?: OwnerCheck): Promise<string> => {
  const { hashFile } = await import('hasha')
  const full = join(root, path)
  const isRead = readByDvm.includes(path) && (await isPlainFile(full))
  const stats = await (isRead ? stat : lstat)(full).catch(unreadable(root, path))
  // A directory was seen when it was listed.
  if (!stats.isDirectory()) owners?.see(full, stats)
  if (stats.isSymbolicLink()) return `link:${await targetOf(full)}`
  if (stats.isDirectory()) return 'directory'
  if (!stats.isFile())
    throw new DvmError('config', `${full} is neither a file, a directory nor a link`, {
      hint: `remove it, or add "${path}" to .containerignore`,
    })
  // Group and world write bits do not travel (see `portable` below), so they do not count either.
  return `${((stats.mode | 0o600) & 0o755).toString(8)}:${await hashFile(full, { algorithm: 'sha256' })}`
}

const scan = async (
  root: string,
  paths: readonly string[],
  owners?: OwnerCheck,
): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await describe(root, path, owners)] as const)),
  )

export const createContextPort = (): ContextPort => ({
  scanBase: async (directory) => {
    const owners = createOwnerCheck()
    const [paths, own, other] = await Promise.all([
      listFiles(directory, '', owners),
      readPlainText(join(directory, '.containerignore')),
      readPlainText(join(directory, '.dockerignore')),
    ])
    const { contextRules } = await import('../core/context-plan.ts')
    const rules = contextRules(own ?? other, paths.includes('dev/Containerfile'))
    const files = await scan(directory, paths.filter(rules.ships), owners)
    owners.judge()
    const ignoreFile = own === undefined && other !== undefined ? '.dockerignore' : '.containerignore'
    // Not shipped, and yet they decide.
    for (const path of [ignoreFile, flavourFile].filter((each) => paths.includes(each)))
      await checkOwnership(join(directory, path), directory).catch(unreadable(directory, path))
    return { files, secrets: paths.filter(rules.looksSecret), ignoreFile }
  },
  scanFolder: async (directory) => ({ files: await scan(directory, await listFiles(directory)) }),
  pack: (shipments) => Readable.from(packAll(shipments)),
})

// Archives one after another: the reader must skip end marks (`tar --ignore-zeros`).
async function* packAll(shipments: readonly Shipment[]): AsyncGenerator<Buffer> {
  const { create } = await import('tar')
  for (const { from, to, paths, as } of shipments) {
    const options = {
      cwd: from,
      prefix: to,
      portable: true,
      mtime: new Date('2000-01-01T00:00:00Z'),
      noDirRecurse: true,
      ...(as === undefined ? {} : { onWriteEntry: (entry: { path: string }) => void (entry.path = as) }),
    }
    for (const follow of [false, true]) {
      const some = paths.filter((path) => readByDvm.includes(path) === follow)
      if (some.length === 0) continue
      // `./` keeps a file called @name from being read as an archive to merge.
      for await (const chunk of create(
        { ...options, follow },
        some.map((path) => `./${path}`),
      ))
        yield chunk
    }
  }
}
