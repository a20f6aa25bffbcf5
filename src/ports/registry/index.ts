// Container registries: what a tag points at, and what is behind a digest.
import type { Readable } from 'node:stream'
import type { ImageManifest } from '../../core/image-index.ts'
import type { ImageReference } from '../../core/reference.ts'
import type { Network } from '../network.ts'
import type { ClientOptions } from './client.ts'
import { withMirrors } from './mirrors.ts'

/** A manifest whose digest was computed from these bytes, not believed. */
export interface FetchedManifest extends ImageManifest {
  readonly digest: string
  readonly bytes: Uint8Array
}

/**
 * All throw DvmError: `not-found` when the registry says that there is no such image, `network` when it cannot be
 * reached or refuses, `integrity` when what it sends is not what it says.
 */
export interface Registry {
  /** The digest of a reference, by HEAD where the registry allows it: cheap, and only as true as the registry's word. */
  resolve(reference: ImageReference): Promise<string>
  /** The manifest itself, its digest checked. */
  manifest(reference: ImageReference): Promise<FetchedManifest>
  /** A blob's bytes, not yet checked: hash while reading. */
  blob(reference: ImageReference, digest: string): Promise<Readable>
  /** Drops open connections. */
  close(): Promise<void>
}

export interface RegistryOptions extends Omit<ClientOptions, 'certificates'> {
  readonly network: Network
}

/** Costs nothing until it is used. */
export const createRegistry = ({ network, ...options }: RegistryOptions): Registry => {
  let client: Promise<Registry> | undefined
  const make = async (): Promise<Registry> => {
    const [{ createClient }, { certificates, mirrors }] = await Promise.all([
      import('./client.ts'),
      network(),
    ])
    return withMirrors(createClient({ ...options, certificates }), mirrors)
  }
  const load = (): Promise<Registry> => (client ??= make())
  return {
    resolve: async (reference) => (await load()).resolve(reference),
    manifest: async (reference) => (await load()).manifest(reference),
    blob: async (reference, digest) => (await load()).blob(reference, digest),
    close: async () => (await client)?.close(),
  }
}
