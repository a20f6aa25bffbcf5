// What `dvm cp` is asked for: which side is in a VM, and where its path leads there. Pure; which names exist is nobody's business here.
import { posix } from 'node:path'
import { DvmError } from './errors.ts'
import { parseTarget, targetText, type Target } from './target.ts'

export interface RemotePath {
  readonly target: Target
  /** As typed after the colon; empty for the code directory itself. */
  readonly path: string
}

export interface CopyRequest {
  readonly direction: 'to-guest' | 'from-guest'
  readonly local: string
  readonly remote: RemotePath
}

interface Split {
  readonly place: string
  readonly path: string
}

/** `VM:PATH` or `VM/PROJECT:PATH` as text; undefined for what is a path of this machine. */
const splitRemote = (text: string): Split | undefined => {
  const colon = text.indexOf(':')
  if (colon === -1) return undefined
  const place = text.slice(0, colon)
  if (/^[./]/.test(place) || place.split('/').length > 2) return undefined
  return { place, path: text.slice(colon + 1) }
}

const parseRemote = (text: string, { place, path }: Split, builderInstance: string): RemotePath => {
  try {
    return { target: parseTarget(place, builderInstance), path }
  } catch (error) {
    if (!(error instanceof DvmError) || error.code !== 'usage') throw error
    throw error.with({ hint: `a file of this machine with a colon in its name is written ./${text}` })
  }
}

/**
 * Reads the two sides of a copy.
 * @throws DvmError `usage` unless exactly one of them is in a VM, `refused` for a reserved VM
 */
export const parseCopy = (source: string, destination: string, builderInstance: string): CopyRequest => {
  if (source === '' || destination === '')
    throw new DvmError('usage', 'a path is empty', { hint: 'the directory that you are in is written .' })
  const [from, to] = [splitRemote(source), splitRemote(destination)]
  const remotes = {
    from: from && parseRemote(source, from, builderInstance),
    to: to && parseRemote(destination, to, builderInstance),
  }
  if (remotes.from !== undefined && remotes.to !== undefined)
    throw new DvmError('usage', 'both sides are in a VM; one must be a path of this machine', {
      hint: `copy it here first, then from here into the other VM; a file of this machine is written ./${source}`,
    })
  if (remotes.from !== undefined) return { direction: 'from-guest', local: destination, remote: remotes.from }
  if (remotes.to !== undefined) return { direction: 'to-guest', local: source, remote: remotes.to }
  throw new DvmError('usage', 'neither side is in a VM', {
    hint: 'write VM:PATH on one side: dvm cp FILE VM:, or dvm cp VM:FILE .',
  })
}

/** A path below a project's workspace, for words as much as for the guest: neither nothing nor, at the end of a command, an option. */
export const relativePath = (path: string): string => (/^$|^-/.test(path) ? `./${path}` : path)

/** True when only who knows the directory that a path begins in knows what its end is called. */
export const endsAbove = (path: string): boolean =>
  !path.startsWith('/') && ['.', '..'].includes(nameOf(path))

/** The absolute path in the guest. Nothing is normalised: where `link/..` leads, only the guest knows. */
export const absoluteIn = (base: string, path: string): string =>
  path.startsWith('/') ? path : `${base}/${path}`

/** The name that a copy of this absolute path keeps; empty for `/`, which has none. */
export const nameOf = (path: string): string => posix.basename(posix.normalize(path))

/** A path for a sentence: on one line, whatever is in it. */
export const pathText = (path: string): string => (/\p{Cc}/u.test(path) ? JSON.stringify(path) : path)

/** As a person types it. */
export const remoteText = (target: Target, path: string): string => `${targetText(target)}:${path}`
