// The images that dvm makes for its own use, and what decides whether one that is there still is the one that would be made. Pure.
import { createHash } from 'node:crypto'

/** The label with the hash of what an image was made from. What is built from it inherits the label, under another name. */
export const ownImageLabel = 'dvm.inputs'

export interface OwnImage {
  readonly tag: string
  /** Below the work directory. */
  readonly containerfile: string
  readonly context: string
  /** Not part of the result: its layers stay cached whatever was asked. */
  readonly tool: boolean
  /** Which of dvm's files it is made from, by their paths below the work directory. */
  readonly isPart: (path: string) => boolean
}

const diskBuilderFolder = 'plumbing/disk-builder'
const isOfDiskBuilder = (path: string): boolean => path.startsWith(`${diskBuilderFolder}/`)

export const ownImages = {
  base: {
    tag: 'localhost/dvm-base:latest',
    containerfile: 'plumbing/dvm-base.Containerfile',
    context: 'plumbing',
    tool: false,
    // What the bootstrap makes is the bootc base, which has an id.
    isPart: (path) => !isOfDiskBuilder(path) && path !== 'plumbing/bootstrap-image.sh',
  },
  diskBuilder: {
    tag: 'localhost/dvm-disk-builder:latest',
    containerfile: `${diskBuilderFolder}/Containerfile`,
    context: diskBuilderFolder,
    tool: true,
    isPart: isOfDiskBuilder,
  },
} as const satisfies Readonly<Record<string, OwnImage>>

/**
 * SHA-256 (hex) over what an image is made from.
 * @param bootcBaseId the image that it starts FROM
 * @param plumbing dvm's own files, path → hash
 */
export const hashOwnImage = (
  image: OwnImage,
  bootcBaseId: string,
  plumbing: Readonly<Record<string, string>>,
): string => {
  const files = Object.entries(plumbing)
    .filter(([path]) => image.isPart(path))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([bootcBaseId, files]))
    .digest('hex')
}
