// Registry mirrors: DVM_REGISTRY_MIRRORS, what podman reads of them, and which of them a reference may be asked from.
import { DvmError } from './errors.ts'
import { isRegistry, isRepository, type ImageReference } from './reference.ts'

/** A place that serves what another registry has; asked first, and the registry itself when it fails. */
export interface Mirror {
  /** The registry, with the beginning of a repository when only a part is mirrored: `docker.io`, `quay.io/fedora`. */
  readonly prefix: string
  readonly host: string
  readonly port: string | undefined
  /** Comes before what is left of the repository's name; empty for none. */
  readonly path: string
  /** True: http, because it was written in front. */
  readonly plain: boolean
}

/**
 * Reads `REGISTRY=MIRROR` pairs between spaces or commas; several of one registry are asked in that order.
 * @throws DvmError `config` that names the pair.
 */
export const parseMirrors = (text: string): readonly Mirror[] =>
  text
    .split(/[\s,]+/)
    .filter((pair) => pair !== '')
    .map(parseMirror)

const parseMirror = (pair: string): Mirror => {
  const bad = (why: string): DvmError =>
    // Shown as JSON: whatever is in it stays on one line. A login has no place in it, so there is none to hide but a mistaken one.
    new DvmError('config', `DVM_REGISTRY_MIRRORS: ${JSON.stringify(withoutLogin(pair))} ${why}`, {
      hint: 'export DVM_REGISTRY_MIRRORS="docker.io=mirror.example.com/hub quay.io=mirror.example.com/quay"',
    })
  const [, registry, scheme, mirror] = /^([^=]*)=(https?:\/\/)?([^=]*)$/.exec(pair) ?? []
  if (registry === undefined || mirror === undefined) throw bad('is not REGISTRY=MIRROR')
  const from = splitPlace(registry)
  const to = splitPlace(mirror.replace(/\/$/, ''))
  if (from === undefined) throw bad('does not begin with a registry')
  if (to === undefined) throw bad('does not end with the address of a mirror')
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(to.registry) ?? []
  const known = from.registry.replace(/^(index|registry-1)\.docker\.io$/, 'docker.io')
  return {
    prefix: [known, from.path].filter((part) => part !== '').join('/'),
    host,
    port,
    path: to.path,
    plain: scheme === 'http://',
  }
}

const withoutLogin = (pair: string): string => pair.replace(/[^=/]*@/, '***@')

const splitPlace = (text: string): { registry: string; path: string } | undefined => {
  const slash = text.indexOf('/')
  const registry = slash === -1 ? text : text.slice(0, slash)
  const path = slash === -1 ? '' : text.slice(slash + 1)
  // A name without a dot or a port could be a part of a repository as well.
  const isHost = isRegistry(registry) && (/[.:[]/.test(registry) || registry === 'localhost')
  return isHost && (slash === -1 || isRepository(path)) ? { registry, path } : undefined
}

const placeOf = ({ host, port, path }: Mirror): string =>
  `${host}${port === undefined ? '' : `:${port}`}${path === '' ? '' : `/${path}`}`

/** For podman's registries.conf.d; empty without mirrors. Every value has the alphabet of a reference, which TOML does not read as syntax. */
export const renderRegistries = (mirrors: readonly Mirror[]): string => {
  const prefixes = [...new Set(mirrors.map(({ prefix }) => prefix))]
  return prefixes
    .flatMap((prefix) => [
      `[[registry]]\nprefix = "${prefix}"\nlocation = "${prefix}"\n`,
      ...mirrors
        .filter((mirror) => mirror.prefix === prefix)
        .map(
          (mirror) =>
            `[[registry.mirror]]\nlocation = "${placeOf(mirror)}"\n${mirror.plain ? 'insecure = true\n' : ''}`,
        ),
    ])
    .join('\n')
}

/** Where else a reference may be had, in the order to ask. */
export const mirrorsOf = (
  mirrors: readonly Mirror[],
  reference: ImageReference,
): readonly ImageReference[] => {
  const name = `${reference.registry}/${reference.repository}`
  const matching = mirrors.filter(({ prefix }) => name.startsWith(`${prefix}/`))
  // As podman does: the longest prefix is meant, and no other.
  const longest = Math.max(...matching.map(({ prefix }) => prefix.length))
  return matching
    .filter(({ prefix }) => prefix.length === longest)
    .map((mirror) => ({
      ...reference,
      scheme: mirror.plain ? 'http' : 'https',
      registry: mirror.port === undefined ? mirror.host : `${mirror.host}:${mirror.port}`,
      repository: [mirror.path, name.slice(mirror.prefix.length + 1)].filter((part) => part !== '').join('/'),
    }))
}
