// Base generations on the host: written beside each other under temporary names, published by one rename of one link.
//   base/generations/HASH/{disk.qcow2,metadata.json,manifest.json}   immutable; HASH-2, … when built again from equal inputs
//   base/current -> generations/HASH                                 the one thing that changes
//   base/disk.qcow2 -> current/disk.qcow2, base/metadata.json -> current/metadata.json
import { mkdir, open, readdir, realpath, rename, rm, stat, statfs, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Generation, Manifest, Metadata } from '../../core/generation.ts'
import { parseManifest, parseMetadata } from '../../core/generation.ts'
import {
  ensurePrivateDirectory,
  readTextIfThere,
  syncDirectory,
  writeFileAtomic,
} from '../../system/files.ts'
import { DvmError, isErrno } from '../../core/errors.ts'
import { cannotLinkAt, exists, freeName, linkTarget, replaceLink } from './links.ts'

/** A generation in the making: a directory of its own that nothing points to yet. */
export interface Candidate {
  readonly directory: string
  readonly disk: string
}

export interface BaseStore {
  /** The link that names the current base, whether it exists or not. */
  readonly defaultImage: string
  current(): Promise<Generation | undefined>
  /** True when there was a current base, and what it leads to is gone. */
  isLost(): Promise<boolean>
  find(generation: string): Promise<Generation | undefined>
  list(): Promise<readonly Generation[]>
  /** The generation whose own disk this is; undefined for any other file. */
  generationOf(disk: string): Promise<string | undefined>
  /** True for a generation's own disk that no longer has the size that its record says. */
  isCutOff(disk: string): Promise<boolean>
  freeBytes(): Promise<number>
  /** Removes what killed runs left behind; call with the base lock held. Returns how many things went. */
  sweep(): Promise<number>
  prepare(generation: string): Promise<Candidate>
  discard(candidate: Candidate): Promise<void>
  /** Makes a candidate a generation; it is not current yet. */
  keep(candidate: Candidate, metadata: Metadata, manifest: Manifest): Promise<Generation>
  /** Points the current base at a generation. Atomic. */
  makeCurrent(generation: Generation): Promise<void>
  /** Why no such link can be made, in words that follow its name; undefined when it can. */
  cannotLinkAt(path: string): Promise<string | undefined>
  /** Puts a link at DVM_BASE_IMAGE; a file that stood there stays beside it under the returned name. */
  linkAt(path: string, generation: Generation): Promise<string | undefined>
  /** Removes generations but these. Returns the directories that went. */
  prune(keep: readonly Generation[]): Promise<readonly string[]>
  /** Removes every generation and the links. Returns the paths that went. */
  removeAll(): Promise<readonly string[]>
  /** Removes exactly one file or link. False when there was none. */
  removeFile(path: string): Promise<boolean>
}

export const createBaseStore = (cacheDir: string): BaseStore => {
  const root = join(cacheDir, 'base')
  const generations = join(root, 'generations')
  const currentLink = join(root, 'current')

  const read = async (name: string): Promise<Generation | undefined> => {
    const directory = join(generations, name)
    const disk = join(directory, 'disk.qcow2')
    const [metadataText, manifestText] = await Promise.all([
      readTextIfThere(join(directory, 'metadata.json')),
      readTextIfThere(join(directory, 'manifest.json')),
    ])
    const metadata = metadataText === undefined ? undefined : parseMetadata(metadataText)
    if (metadata === undefined || manifestText === undefined) return undefined
    const size = await stat(disk).then(
      (stats) => stats.size,
      () => undefined,
    )
    // A disk of another size was cut off or changed by hand: it is no generation, and the next build makes it anew.
    const manifest = parseManifest(manifestText)
    return manifest !== undefined && size === metadata.diskSize ? { metadata, manifest, disk } : undefined
  }

  const names = async (): Promise<string[]> => {
    try {
      return await readdir(generations)
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return []
      throw error
    }
  }

  const numbered = /^([0-9a-f]{64})(?:-(\d+))?$/
  /** Directory names of one generation, or of all, the newest build first. */
  const builds = async (generation?: string): Promise<string[]> =>
    (await names())
      .map((name) => ({ name, match: numbered.exec(name) }))
      .filter(({ match }) => match !== null && (generation === undefined || match[1] === generation))
      .sort((a, b) => Number(b.match?.[2] ?? 1) - Number(a.match?.[2] ?? 1))
      .map(({ name }) => name)

  const find = async (generation: string): Promise<Generation | undefined> => {
    for (const name of await builds(generation)) {
      const found = await read(name)
      if (found !== undefined) return found
    }
    return undefined
  }

  const isOwn = async (disk: string): Promise<boolean> =>
    dirname(dirname(disk)) === (await realpath(generations).catch(() => generations))

  return {
    defaultImage: join(root, 'disk.qcow2'),
    current: async () => {
      for (let last: string | undefined; ;) {
        const target = await linkTarget(currentLink)
        const found = target === undefined ? undefined : await read(basename(target))
        // Not there: it may have been replaced and pruned while we looked, which the link then shows.
        if (found !== undefined || target === last) return found
        last = target
      }
    },
    isLost: async () =>
      (await linkTarget(currentLink)) !== undefined && !(await exists(join(currentLink, 'disk.qcow2'))),
    find,
    list: async () => {
      const found = await Promise.all((await builds()).map(read))
      return found
        .filter((generation) => generation !== undefined)
        .sort((a, b) => (a.metadata.builtAt < b.metadata.builtAt ? 1 : -1))
    },
    generationOf: async (disk) =>
      (await isOwn(disk)) ? (await read(basename(dirname(disk))))?.metadata.generation : undefined,
    isCutOff: async (disk) => {
      if (!(await isOwn(disk))) return false
      const text = await readTextIfThere(join(dirname(disk), 'metadata.json'))
      const recorded = text === undefined ? undefined : parseMetadata(text)?.diskSize
      return recorded !== undefined && recorded !== (await stat(disk)).size
    },
    freeBytes: async () => {
      ensurePrivateDirectory(generations)
      const { bavail, bsize } = await statfs(generations)
      return bavail * bsize
    },
    sweep: async () => {
      const left = (await names())
        .filter((name) => name.startsWith('.tmp-'))
        .map((name) => join(generations, name))
      const links = (await readdir(root).catch(() => []))
        .filter((name) => name.includes('.tmp-'))
        .map((name) => join(root, name))
      for (const path of [...left, ...links]) await rm(path, { recursive: true, force: true })
      return left.length + links.length
    },
    prepare: async (generation) => {
      const directory = join(generations, `.tmp-${generation.slice(0, 12)}-${process.pid}`)
      ensurePrivateDirectory(generations)
      await rm(directory, { recursive: true, force: true })
      await mkdir(directory, { mode: 0o700 })
      return { directory, disk: join(directory, 'disk.qcow2') }
    },
    discard: (candidate) => rm(candidate.directory, { recursive: true, force: true }),
    keep: async (candidate, metadata, manifest) => {
      const text = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`
      await writeFileAtomic(join(candidate.directory, 'manifest.json'), text(manifest))
      await writeFileAtomic(join(candidate.directory, 'metadata.json'), text(metadata))
      const disk = await open(candidate.disk, 'r')
      try {
        await disk.sync()
      } finally {
        await disk.close()
      }
      // Never over an existing directory: a VM that was made but not started yet may still name its disk.
      const newest = (await builds(metadata.generation))[0]
      const name =
        newest === undefined
          ? metadata.generation
          : `${metadata.generation}-${Number(numbered.exec(newest)?.[2] ?? 1) + 1}`
      await rename(candidate.directory, join(generations, name))
      await syncDirectory(generations)
      const kept = await read(name)
      if (kept === undefined)
        throw new DvmError('integrity', `${join(generations, name)} changed while it was published`)
      return kept
    },
    makeCurrent: async (generation) => {
      // The two outer names first: a kill in between leaves them pointing through the old `current`, or nowhere yet.
      for (const name of ['disk.qcow2', 'metadata.json'])
        if ((await linkTarget(join(root, name))) !== join('current', name))
          await replaceLink(join('current', name), join(root, name))
      await replaceLink(join('generations', basename(dirname(generation.disk))), currentLink)
      await syncDirectory(root)
    },
    cannotLinkAt: (path) => cannotLinkAt(path, root),
    linkAt: async (path, generation) => {
      ensurePrivateDirectory(dirname(path))
      const target = await linkTarget(path)
      const there = target !== undefined || (await exists(path))
      const ours = target !== undefined && dirname(dirname(target)) === generations
      let aside: string | undefined
      if (there && !ours) {
        aside = await freeName(`${path}.previous`)
        await rename(path, aside)
      }
      await replaceLink(generation.disk, path)
      return aside
    },
    prune: async (keep) => {
      const kept = new Set(keep.map((generation) => basename(dirname(generation.disk))))
      const gone = (await builds()).filter((name) => !kept.has(name))
      for (const name of gone) await rm(join(generations, name), { recursive: true, force: true })
      return gone
    },
    removeAll: async () => {
      const paths = [currentLink, join(root, 'disk.qcow2'), join(root, 'metadata.json'), generations]
      const there = (await readdir(root).catch(() => [])).map((name) => join(root, name))
      const gone = paths.filter((path) => there.includes(path))
      for (const path of gone) await rm(path, { recursive: true, force: true })
      return gone
    },
    removeFile: async (path) => {
      try {
        await unlink(path)
        return true
      } catch (error) {
        if (isErrno(error, 'ENOENT')) return false
        throw error
      }
    },
  }
}
