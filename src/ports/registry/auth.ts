// Turns a registry's 401 into an Authorization header: Basic, or a bearer token from the server that the registry names.
import { DvmError } from '../../core/errors.ts'
import type { Credential, Credentials } from './credentials.ts'
import type { Http, HttpResponse } from './http.ts'
import { parseChallenges, parseToken } from './parse.ts'

export interface Auth {
  /** The header for a repository, once `answer` has been called for it. */
  known(repository: string): string | undefined
  /**
   * Gets a header for what a 401 asks.
   * @throws DvmError `network` when there is no way in.
   */
  answer(repository: string, refusal: HttpResponse): Promise<string>
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

const maxTokenBytes = 1024 * 1024

/** For one registry; `base` is its URL. */
export const createAuth = (http: Http, credentials: Credentials, registry: string, base: URL): Auth => {
  const headers = new Map<string, string>()

  const refused = (why: string): DvmError =>
    new DvmError('network', `${registry} refuses: ${why}`, {
      hint: [`podman login ${registry}`, ...credentials.problems].join('; '),
    })

  const fetchToken = async (
    repository: string,
    parameters: Readonly<Record<string, string>>,
    credential: Credential | undefined,
  ): Promise<string> => {
    const { realm = '', service, scope = `repository:${repository}:pull` } = parameters
    const url = URL.canParse(realm) ? new URL(realm) : undefined
    if (url === undefined || (url.protocol !== 'https:' && url.protocol !== base.protocol))
      throw refused('it names no token server that can be trusted')
    const fields = { ...(service === undefined ? {} : { service }), scope }
    const oauth = credential?.kind === 'identity-token'
    if (!oauth) for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value)
    const answer = await http.fetch(
      oauth
        ? {
            method: 'POST',
            url,
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: new URLSearchParams({
              ...fields,
              grant_type: 'refresh_token',
              client_id: 'dvm',
              refresh_token: credential.token,
            }).toString(),
          }
        : {
            method: 'GET',
            url,
            headers:
              credential === undefined ? {} : { authorization: basic(credential.user, credential.password) },
          },
      maxTokenBytes,
    )
    const token = answer.status === 200 ? parseToken(answer.bytes.toString('utf8')) : undefined
    if (token !== undefined) return `Bearer ${token}`
    const how = credential === undefined ? 'an anonymous visitor' : 'the stored credentials'
    throw refused(`its token server ${url.host} gave ${how} no token (${answer.status})`)
  }

  return {
    known: (repository) => headers.get(repository),
    answer: async (repository, refusal) => {
      const challenges = parseChallenges(refusal.headers('www-authenticate'))
      const challenge =
        challenges.find(({ scheme }) => scheme === 'bearer') ??
        challenges.find(({ scheme }) => scheme === 'basic')
      if (challenge === undefined) throw refused('authentication is needed, but it does not say which')
      const credential = await credentials.find(registry, repository)
      if (challenge.scheme === 'basic' && credential?.kind !== 'password')
        throw refused('authentication is needed, and no credentials are stored for it')
      const header =
        challenge.scheme === 'basic' && credential?.kind === 'password'
          ? basic(credential.user, credential.password)
          : await fetchToken(repository, challenge.parameters, credential)
      headers.set(repository, header)
      return header
    },
  }
}
