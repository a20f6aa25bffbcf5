// What a pin is. Apart from pins.ts, so that the command line can name roles without loading a parser.

/**
 * What a flavour may pin: the image that dvm-base is built from, the privileged container that makes disks, and the bare system that the
 * dev-base and projects without an image start from.
 */
export const roles = ['bootc-base', 'disk-builder', 'project-base'] as const
export type Role = (typeof roles)[number]

/** One image of one flavour, as recorded: which tag it follows, and which content it is nailed to. */
export interface Pin {
  readonly flavour: string
  readonly role: Role
  /** The repository, with its registry and without tag and digest. */
  readonly reference: string
  /** The only tag that is ever asked for, so an update cannot cross a major. */
  readonly track: string
  /** The digest of an image index. */
  readonly digest: string
  /** The day on which the tag pointed at the digest, YYYY-MM-DD. */
  readonly resolved: string
}

/** In the order of the file. */
export type Pins = readonly Pin[]
