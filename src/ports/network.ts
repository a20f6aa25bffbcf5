// The network settings of this run: variables of the environment and the one file that they name, read once and only when asked for.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { DvmError, isErrno, messageOf } from '../core/errors.ts'
import { badBundle, parseNetwork, type NetworkSettings } from '../core/network.ts'

/** @throws DvmError `config` that names the variable and never its secrets. */
export type Network = () => Promise<NetworkSettings>

export interface NetworkOptions {
  readonly variables: Readonly<Record<string, string | undefined>>
  /** DVM_CA_BUNDLE, absolute. */
  readonly caBundle: string | undefined
  /** DVM_REGISTRY_MIRRORS */
  readonly registryMirrors: string | undefined
}

/** A store of all authorities has a quarter of a megabyte. */
const largest = 1 << 20

export const createNetwork = ({ variables, caBundle, registryMirrors }: NetworkOptions): Network => {
  let settings: Promise<NetworkSettings> | undefined
  const read = async (): Promise<NetworkSettings> =>
    parseNetwork({
      variable: (name) => variables[name],
      mirrors: registryMirrors,
      bundle: caBundle === undefined ? undefined : { path: caBundle, text: await readBundle(caBundle) },
    })
  return () => (settings ??= read())
}

const readBundle = async (path: string): Promise<string> => {
  const bad = (why: string): DvmError => badBundle(path, why)
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = await file.stat()
      // Opening or reading a pipe would never end.
      if (!stats.isFile()) throw bad('is not a file')
      if (stats.size > largest) throw bad('is too big for a list of certificates')
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof DvmError) throw error
    throw bad(isErrno(error, 'ENOENT', 'ENOTDIR') ? 'is not there' : `cannot be read: ${messageOf(error)}`)
  }
}
