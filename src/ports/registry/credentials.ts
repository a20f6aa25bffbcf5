// Where Docker and Podman keep credentials: their files, and the helpers that those name. Asked only when a registry wants them.
import { readTextIfThere } from '../../system/files.ts'
import type { Exec } from '../../system/exec.ts'

export type Credential =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** A refresh token, which goes to the token server only. */
  | { readonly kind: 'identity-token'; readonly token: string }

export interface Credentials {
  /** What is stored for a repository, most specific first; undefined = go in anonymously. */
  find(registry: string, repository: string): Promise<Credential | undefined>
  /** Files and helpers that could not be used, for the error when going in anonymously did not work. */
  readonly problems: readonly string[]
}

type Variables = Readonly<Record<string, string | undefined>>
type Json = Readonly<Record<string, unknown>>
const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}

/** The files in the order in which they are asked: Podman's first, as they are the newer habit. */
export const credentialFiles = (variables: Variables, home: string): string[] => {
  const chosen = variables['REGISTRY_AUTH_FILE']
  if (chosen !== undefined && chosen !== '') return [chosen]
  const runtime = variables['XDG_RUNTIME_DIR']
  return [
    ...(runtime === undefined || runtime === '' ? [] : [`${runtime}/containers/auth.json`]),
    `${variables['XDG_CONFIG_HOME'] || `${home}/.config`}/containers/auth.json`,
    `${variables['DOCKER_CONFIG'] || `${home}/.docker`}/config.json`,
  ]
}

const hub = 'https://index.docker.io/v1/'
/** A key of `auths` or `credHelpers` as a bare name: scheme and Docker's /v1/ off, Docker Hub's names made one. */
const bareKey = (key: string): string => {
  const bare = key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '')
  return bare.replace(/^(index|registry-1)\.docker\.io(?=$|\/)/, 'docker.io')
}
const lookUp = (entries: Json, name: string): unknown =>
  Object.entries(entries).find(([key]) => bareKey(key) === name)?.[1]

const credentialOf = (entry: Json): Credential | undefined => {
  const text = (name: string): string => (typeof entry[name] === 'string' ? entry[name] : '')
  if (text('identitytoken') !== '') return { kind: 'identity-token', token: text('identitytoken') }
  const decoded = Buffer.from(text('auth'), 'base64').toString('utf8').replace(/\0+$/, '')
  const colon = decoded.indexOf(':')
  if (colon > 0)
    return { kind: 'password', user: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
  return text('username') === ''
    ? undefined
    : { kind: 'password', user: text('username'), password: text('password') }
}

/** registry/a/b, registry/a, registry: containers-auth.json(5) lets a namespace have its own. */
const namesOf = (registry: string, repository: string): string[] => {
  const parts = [registry, ...repository.split('/')]
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'))
}

/** `exec` must be one that does not log what it captures: a helper prints a secret. */
export const createCredentials = (files: readonly string[], exec: Exec): Credentials => {
  const problems: string[] = []

  const askHelper = async (helper: string, registry: string): Promise<Credential | undefined> => {
    const file = `docker-credential-${helper}`
    if (!/^[\w.-]+$/.test(helper)) {
      problems.push(`"${helper}" cannot be the name of a credential helper`)
      return undefined
    }
    const input = registry === 'docker.io' ? hub : registry
    const ended = await exec.capture({ file, args: ['get'], input: `${input}\n`, timeoutMs: 30_000 })
    if (ended.exitCode !== 0) {
      // "Nothing stored" is an exit of 1 too, with this text on stdout, by the helpers' protocol.
      if (!/credentials not found/i.test(ended.stdout + ended.stderr))
        problems.push(`${file} ${ended.code === 'ENOENT' ? 'is not installed' : 'failed'}`)
      return undefined
    }
    try {
      const answer = objectOf(JSON.parse(ended.stdout))
      const [user, secret] = [answer['Username'], answer['Secret']]
      if (typeof user !== 'string' || typeof secret !== 'string' || secret === '') return undefined
      return user === '<token>'
        ? { kind: 'identity-token', token: secret }
        : { kind: 'password', user, password: secret }
    } catch {
      problems.push(`${file} printed no JSON`)
      return undefined
    }
  }

  const findIn = async (
    file: string,
    registry: string,
    repository: string,
  ): Promise<Credential | undefined> => {
    let config: Json
    try {
      const text = await readTextIfThere(file)
      if (text === undefined) return undefined
      config = objectOf(JSON.parse(text))
    } catch {
      problems.push(`${file} cannot be read as JSON`)
      return undefined
    }
    const helper = lookUp(objectOf(config['credHelpers']), registry)
    if (typeof helper === 'string') return askHelper(helper, registry)
    const auths = objectOf(config['auths'])
    for (const name of namesOf(registry, repository)) {
      const found = credentialOf(objectOf(lookUp(auths, name)))
      if (found !== undefined) return found
    }
    const store = config['credsStore']
    return typeof store === 'string' && store !== '' ? askHelper(store, registry) : undefined
  }

  return {
    problems,
    find: async (registry, repository) => {
      for (const file of files) {
        const found = await findIn(file, registry, repository)
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}
