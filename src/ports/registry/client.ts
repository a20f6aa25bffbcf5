// The registry client: the distribution API over Http and Auth. Loaded on first use, as undici takes a while to load.
import { createHash } from 'node:crypto'
import { DvmError } from '../../core/errors.ts'
import { manifestTypes, parseManifest } from '../../core/image-index.ts'
import type { ImageReference } from '../../core/reference.ts'
import { isDigest, nameOf, renderReference } from '../../core/reference.ts'
import type { Exec } from '../../system/exec.ts'
import type { Auth } from './auth.ts'
import { createAuth } from './auth.ts'
import { createCredentials, credentialFiles } from './credentials.ts'
import type { HttpLimits, HttpRequest, HttpResponse } from './http.ts'
import { createHttp, defaultHttpLimits } from './http.ts'
import type { Registry } from './index.ts'
import { parseErrorCodes } from './parse.ts'
import type { RetryPolicy } from './retry.ts'
import { defaultRetryPolicy } from './retry.ts'

export interface ClientOptions {
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly signal: AbortSignal
  readonly exec: Exec
  readonly version: string
  /** PEM; trusted besides the system's and Node's. */
  readonly certificates?: readonly string[]
  readonly limits?: HttpLimits
  readonly retry?: RetryPolicy
}

/** What the distribution specification asks registries to accept at least. */
const maxManifestBytes = 4 * 1024 * 1024

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

const isLoopback = (registry: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(registry)

/** Where a registry answers: TLS, unless it is on this machine or the reference itself says http. */
export const baseOf = (reference: Pick<ImageReference, 'scheme' | 'registry'>): URL => {
  const scheme = reference.scheme ?? (isLoopback(reference.registry) ? 'http' : 'https')
  return new URL(
    `${scheme}://${reference.registry === 'docker.io' ? 'registry-1.docker.io' : reference.registry}/`,
  )
}

export const createClient = (options: ClientOptions): Registry => {
  const http = createHttp({
    variables: options.variables,
    certificates: options.certificates ?? [],
    signal: options.signal,
    userAgent: `dvm/${options.version}`,
    limits: options.limits ?? defaultHttpLimits,
    retry: options.retry ?? defaultRetryPolicy,
  })
  const credentials = createCredentials(credentialFiles(options.variables, options.home), options.exec)
  const auths = new Map<string, Auth>()

  /** Sends with what is known of the registry's authentication; answers one 401, not two. */
  const authorized = async <T extends HttpResponse>(
    reference: ImageReference,
    request: HttpRequest,
    send: (request: HttpRequest) => Promise<T>,
  ): Promise<T> => {
    const base = baseOf(reference)
    const auth = auths.get(base.origin) ?? createAuth(http, credentials, reference.registry, base)
    auths.set(base.origin, auth)
    const withHeader = (header: string | undefined): HttpRequest =>
      header === undefined ? request : { ...request, headers: { ...request.headers, authorization: header } }
    const first = await send(withHeader(auth.known(reference.repository)))
    if (first.status !== 401) return first
    first.body.on('error', () => {}).destroy()
    return send(withHeader(await auth.answer(reference.repository, first)))
  }

  const manifestRequest = (method: 'GET' | 'HEAD', reference: ImageReference): HttpRequest => ({
    method,
    url: new URL(
      `v2/${reference.repository}/manifests/${reference.digest ?? reference.tag ?? 'latest'}`,
      baseOf(reference),
    ),
    headers: { accept: manifestTypes.join(', ') },
  })

  const failureOf = (reference: ImageReference, status: number, body: string): DvmError => {
    const what = renderReference(reference)
    const codes = parseErrorCodes(body)
    const detail = codes.length === 0 ? String(status) : `${status} ${codes.join(', ')}`
    if (status === 404)
      return new DvmError('not-found', `${reference.registry} has no ${what} (${detail})`, {
        hint: 'see which pins this concerns: dvm pins check',
      })
    const denied = status === 401 || status === 403
    return new DvmError(
      'network',
      `${reference.registry} ${denied ? 'refuses' : 'fails on'} ${what} (${detail})`,
      {
        hint: denied
          ? [`podman login ${reference.registry}`, ...credentials.problems].join('; ')
          : 'try again later; what of the network does not work is told by: dvm doctor',
      },
    )
  }

  const manifest: Registry['manifest'] = async (reference) => {
    const answer = await authorized(reference, manifestRequest('GET', reference), (request) =>
      http.fetch(request, maxManifestBytes),
    )
    if (answer.status !== 200) throw failureOf(reference, answer.status, answer.bytes.toString('utf8'))
    const digest = sha256(answer.bytes)
    const claimed = [reference.digest, answer.header('docker-content-digest')]
    const lie = claimed.find((each) => each !== undefined && each.startsWith('sha256:') && each !== digest)
    if (lie !== undefined)
      throw new DvmError(
        'integrity',
        `${nameOf(reference)}: the registry sent ${digest} and called it ${lie}`,
        {
          hint: 'nothing was changed; try again, or without the proxy in between',
        },
      )
    const content = parseManifest(answer.bytes.toString('utf8'), answer.header('content-type'))
    return { digest, bytes: answer.bytes, ...content }
  }

  return {
    manifest,
    resolve: async (reference) => {
      const answer = await authorized(reference, manifestRequest('HEAD', reference), (request) =>
        http.fetch(request, maxManifestBytes),
      )
      const digest = answer.header('docker-content-digest') ?? ''
      if (answer.status === 200 && isDigest(digest) && digest === (reference.digest ?? digest)) return digest
      if (answer.status === 401) throw failureOf(reference, 401, '')
      // The header is optional, HEAD is not served everywhere, and its 404 has no reason in it: GET decides.
      return (await manifest(reference)).digest
    },
    blob: async (reference, digest) => {
      const request: HttpRequest = {
        method: 'GET',
        url: new URL(`v2/${reference.repository}/blobs/${digest}`, baseOf(reference)),
        headers: {},
      }
      const answer = await authorized(reference, request, (each) => http.open(each))
      if (answer.status === 200) return answer.body
      answer.body.on('error', () => {}).destroy()
      throw failureOf({ ...reference, tag: undefined, digest }, answer.status, '')
    },
    close: () => http.close(),
  }
}
