// What decides the dev-base, the image that projects without one of their own run from. Its hash is a label on the image. Pure.
import { createHash } from 'node:crypto'

/** The name that it has in the builder and in every VM. */
export const devBaseTag = 'localhost/dvm-dev-base:latest'
/** The label with the hash of what it was made from. */
export const devBaseLabel = 'dvm.hash'

/** For podman: removes those without a name, which a newer one has taken, and without a container. Nothing of another kind. */
export const pruneDevBases: readonly string[] = [
  'image',
  'prune',
  '--force',
  '--filter',
  `label=${devBaseLabel}`,
]

/** True for a container that was made from the dev-base, before the one that the VM has now. */
export const isBehindDevBase = (
  made: { readonly image: string; readonly imageId: string },
  images: readonly { readonly id: string; readonly names: readonly string[] }[],
): boolean => {
  if (made.image !== devBaseTag || made.imageId === '') return false
  const current = images.find(({ names }) => names.includes(devBaseTag))
  return current !== undefined && bare(current.id) !== bare(made.imageId)
}

/** Podman writes an id with or without its algorithm. */
const bare = (id: string): string => id.replace(/^sha256:/, '')

/** Raised when dvm makes another image from the same inputs. */
const schema = 1

export interface DevBaseInputs {
  /** x86_64 or aarch64 */
  readonly arch: string
  /** The bare system that it starts from, by its pin. */
  readonly from: string
  /** Path below base/dev → `mode:sha256` (or `link:target`). */
  readonly files: Readonly<Record<string, string>>
  /** packages.txt; undefined without one. */
  readonly packages: string | undefined
}

/** SHA-256 (hex), independent of the order in which files were found. */
export const hashDevBase = ({ arch, from, files, packages }: DevBaseInputs): string => {
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([schema, arch, from, sorted, packages ?? null]))
    .digest('hex')
}
