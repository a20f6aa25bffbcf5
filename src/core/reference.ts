// Image references: the grammar of registry/repository:tag@digest, normalised the way Docker and Podman write them.
// Knows nothing of what a reference is used for.
import { DvmError } from './errors.ts'

/** One image in one registry. Without tag and digest it names the repository. */
export interface ImageReference {
  /** Given only when the reference started with one; it decides how the registry is reached, and is never printed. */
  readonly scheme: 'http' | 'https' | undefined
  /** Host, and port if any: `docker.io`, `quay.io`, `localhost:5000`. */
  readonly registry: string
  readonly repository: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

const domain =
  /^(?:(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])(?:\.(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9]))*|\[[0-9a-f:]+\])(?::\d{1,5})?$/i
const repository = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const tag = /^\w[\w.-]{0,127}$/
const digest = /^sha256:[0-9a-f]{64}$/

/** True for a whole SHA-256 digest, `sha256:` and 64 small hex digits: the only kind that registries use for images. */
export const isDigest = (text: string): boolean => digest.test(text)

/** True for what may follow the colon in `name:tag`. */
export const isTag = (text: string): boolean => tag.test(text)

/** True for a registry's host, with a port or without. */
export const isRegistry = (text: string): boolean => domain.test(text)

/** True for a repository's name, or its beginning up to a slash. */
export const isRepository = (text: string): boolean => repository.test(text) && text.length <= 255

const bad = (text: string, why: string): DvmError =>
  new DvmError('config', `"${text}" is not an image reference: ${why}`, {
    hint: 'write it as registry/name:tag or registry/name@sha256:…',
  })

/** Splits host from path. As Docker does: the first part is a host when it has a dot or a port, or is localhost. */
const splitHost = (name: string): { registry: string; repository: string } => {
  const slash = name.indexOf('/')
  const first = slash === -1 ? '' : name.slice(0, slash)
  if (slash === -1 || !(/[.:[]/.test(first) || first === 'localhost'))
    return { registry: 'docker.io', repository: slash === -1 ? `library/${name}` : name }
  const registry = first === 'index.docker.io' || first === 'registry-1.docker.io' ? 'docker.io' : first
  const rest = name.slice(slash + 1)
  return { registry, repository: registry === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest }
}

/**
 * Reads a reference. A name without a host is Docker Hub's; `http://` or `https://` in front is allowed and kept apart.
 * @throws DvmError `config` that says which part is wrong.
 */
export const parseReference = (text: string): ImageReference => {
  const scheme = /^(https?):\/\//.exec(text)?.[1] as 'http' | 'https' | undefined
  let rest = scheme === undefined ? text : text.slice(scheme.length + 3)
  if (rest === '') throw bad(text, 'it is empty')
  if (/\s/.test(rest)) throw bad(text, 'it has a space')
  const at = rest.indexOf('@')
  const found = at === -1 ? undefined : rest.slice(at + 1)
  if (found !== undefined && !isDigest(found))
    throw bad(text, 'the digest must be sha256: and 64 hexadecimal digits')
  if (at !== -1) rest = rest.slice(0, at)
  const colon = rest.lastIndexOf(':')
  const named = colon > rest.lastIndexOf('/') ? rest.slice(colon + 1) : undefined
  if (named !== undefined && !isTag(named)) throw bad(text, `"${named}" cannot be a tag`)
  if (named !== undefined) rest = rest.slice(0, colon)
  const name = splitHost(rest)
  if (!isRegistry(name.registry)) throw bad(text, `"${name.registry}" cannot be a registry`)
  if (!isRepository(name.repository))
    throw bad(text, `"${name.repository}" cannot be a repository (small letters, digits, ". _ - /")`)
  return { scheme, ...name, tag: named, digest: found }
}

/** `registry/repository`, whole: what Podman pulls without guessing. */
export const nameOf = (reference: Pick<ImageReference, 'registry' | 'repository'>): string =>
  `${reference.registry}/${reference.repository}`

/** The whole reference as text, without a scheme. */
export const renderReference = (reference: ImageReference): string =>
  nameOf(reference) +
  (reference.tag === undefined ? '' : `:${reference.tag}`) +
  (reference.digest === undefined ? '' : `@${reference.digest}`)

/** A digest as a person compares it: the algorithm and the first 12 digits. */
export const shortDigest = (text: string): string => text.slice(0, 'sha256:'.length + 12)
