// What a registry's manifest says: an index over platforms, or one platform's image. Pure; bytes come from elsewhere.
import { DvmError } from './errors.ts'
import { isDigest } from './reference.ts'

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]
const imageTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]

/** All four kinds must be asked for: a registry that is not told of the index converts it to one architecture's image. */
export const manifestTypes: readonly string[] = [...indexTypes, ...imageTypes]

export interface ImageManifest {
  readonly kind: 'index' | 'image'
  readonly mediaType: string
  /** `os/architecture` of each image in an index; empty for an image. */
  readonly platforms: readonly string[]
  /** The day it was made, where its annotations say so. */
  readonly created: string | undefined
}

type Json = Readonly<Record<string, unknown>>
const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const createdIn = (annotations: unknown): string | undefined => {
  const time = Date.parse(textOf(objectOf(annotations)['org.opencontainers.image.created']) ?? '')
  return Number.isNaN(time) ? undefined : new Date(time).toISOString().slice(0, 10)
}

/**
 * Reads a manifest.
 * @throws DvmError `integrity` when it is none, or says two things at once.
 */
export const parseManifest = (text: string, contentType: string | undefined): ImageManifest => {
  let content: Json
  try {
    content = objectOf(JSON.parse(text))
  } catch (error) {
    throw new DvmError('integrity', 'the registry answered with something that is not JSON', { cause: error })
  }
  const mediaType = textOf(content['mediaType']) ?? contentType?.split(';')[0]?.trim() ?? ''
  const manifests = content['manifests']
  const isIndex = Array.isArray(manifests)
  // One document read as an index by one tool and as an image by another is how content gets smuggled past a digest.
  const fits = (isIndex ? indexTypes : imageTypes).includes(mediaType)
  if (!fits || isIndex === 'layers' in content)
    throw new DvmError('integrity', `the registry answered with no image manifest (type "${mediaType}")`)
  const images = isIndex ? manifests.map(objectOf) : []
  const platforms = images
    .filter((image) => isDigest(textOf(image['digest']) ?? ''))
    .map((image) => objectOf(image['platform']))
    .map((platform) => `${textOf(platform['os']) ?? '?'}/${textOf(platform['architecture']) ?? '?'}`)
  const days = images.map((image) => createdIn(image['annotations'])).filter((day) => day !== undefined)
  return {
    kind: isIndex ? 'index' : 'image',
    mediaType,
    platforms: [...new Set(platforms)].filter((platform) => !platform.includes('unknown')),
    created: createdIn(content['annotations']) ?? days.sort().at(-1),
  }
}

const needed = ['linux/amd64', 'linux/arm64']

/** Why a manifest cannot be pinned, or undefined: a pin must hold on both architectures. */
export const pinningProblem = (manifest: ImageManifest): string | undefined => {
  if (manifest.kind === 'image')
    return 'it is the image of a single architecture, not an image index; its digest would give the other architecture the wrong CPU'
  const missing = needed.filter((platform) => !manifest.platforms.includes(platform))
  if (missing.length === 0) return undefined
  const found = manifest.platforms.length === 0 ? 'nothing' : manifest.platforms.join(', ')
  return `its index lacks ${missing.join(' and ')} (it has ${found})`
}
