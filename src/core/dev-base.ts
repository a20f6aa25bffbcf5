// What decides the dev-base, the image that projects without one of their own run from. Its hash is a label on the image. Pure.
import { createHash } from 'node:crypto'

/** The name that it has in the builder and in every VM. */
export const devBaseTag = 'localhost/dvm-dev-base:latest'
/** The label with the hash of what it was made from. */
export const devBaseLabel = 'dvm.hash'

/**
 * Two bash functions. Before another image takes the name, the outgoing one gets a name of dvm's own; later those names go, and with them
 * the images. Never by label or for want of a name: what people build from the dev-base, or commit from a container, inherits its labels.
 * An image that a container still uses stays, and is tried again at the next change. Options are `podman image rm`'s: in a VM --no-prune,
 * as what it was built on may be an image of the developer's that has no name. Neither fails, nor reads stdin.
 */
export const oldDevBases = `name_outgoing_dev_base() {
	local found
	found=$(podman image inspect --format '{{.Id}} {{index .Labels "${devBaseLabel}"}}' ${devBaseTag} </dev/null 2>/dev/null) || return 0
	[[ $found =~ ^(sha256:)?([0-9a-f]{12})[0-9a-f]*[[:blank:]][^[:blank:]] ]] || return 0
	podman tag ${devBaseTag} "localhost/dvm-dev-base:old-\${BASH_REMATCH[2]}" </dev/null >/dev/null 2>&1 || :
}
remove_old_dev_bases() {
	local name
	for name in $(podman images --format '{{.Repository}}:{{.Tag}}' </dev/null 2>/dev/null); do
		[[ $name =~ ^localhost/dvm-dev-base:old-[0-9a-f]{12}$ ]] || continue
		podman image rm "$@" "$name" </dev/null >/dev/null 2>&1 || :
	done
}
`

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
