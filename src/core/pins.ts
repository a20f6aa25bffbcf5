// Pins: which image a flavour takes in a role, and the images that a person names instead of one.
import { DvmError } from './errors.ts'
import type { Pin, Pins, Role } from './pin.ts'
import type { ImageReference } from './reference.ts'
import { nameOf, parseReference, renderReference } from './reference.ts'

export type { Pin, Pins, Role }

/** The pin of a flavour's role, if it has one. */
export const pinOf = (pins: Pins, flavour: string, role: Role): Pin | undefined =>
  pins.find((pin) => pin.flavour === flavour && pin.role === role)

/** What Podman pulls: `name@sha256:…`, the tag left out because only the digest counts. */
export const pinnedReference = (pin: Pin): string =>
  renderReference({ ...parseReference(pin.reference), tag: undefined, digest: pin.digest })

/** The tag that a pin follows, as a reference. */
export const trackedReference = (pin: Pin): ImageReference => ({
  ...parseReference(pin.reference),
  tag: pin.track,
})

/** Where an image comes from when a variable names it instead of a pin. */
export type ImageSource =
  | { readonly kind: 'image'; readonly reference: string }
  /** Made from the distribution's packages, because no registry can be reached. */
  | { readonly kind: 'bootstrap'; readonly release: string }

/**
 * Checks an image that a person names instead of a pin (DVM_BOOTC_BASE, DVM_BISC_IMAGE): it is built from or run with
 * privileges, so it must be nailed to its content. `bootstrap:RELEASE` is accepted for the one release that the caller can make.
 * @throws DvmError `config` when it has no digest, names another release, or is no reference at all.
 */
export const checkPinned = (
  text: string,
  variable: string,
  allow: { readonly bootstrap?: string | undefined } = {},
): ImageSource => {
  const release = /^bootstrap:(.*)$/.exec(text)?.[1]
  if (release !== undefined && allow.bootstrap !== undefined) {
    if (release === allow.bootstrap) return { kind: 'bootstrap', release }
    throw new DvmError('config', `${variable}: "${release}" is not a release that dvm can bootstrap`, {
      hint: `${variable}=bootstrap:${allow.bootstrap}`,
    })
  }
  let reference: ImageReference
  try {
    reference = parseReference(text)
  } catch (error) {
    if (!(error instanceof DvmError)) throw error
    throw error.with({ message: `${variable}: ${error.message}`, cause: error })
  }
  if (reference.digest !== undefined)
    return { kind: 'image', reference: renderReference({ ...reference, tag: undefined }) }
  throw new DvmError(
    'config',
    `${variable} is not pinned: "${text}" has no digest, so it could change under you`,
    {
      hint: `${variable}=${nameOf(reference)}@sha256:… (the digest of the image index: skopeo inspect --raw docker://${renderReference({ ...reference, tag: reference.tag ?? 'latest' })} | sha256sum)`,
    },
  )
}
