// HTTP as registries need it: proxies and CA bundles of the environment, time limits, redirects that leave credentials behind.
// undici does the protocol; fetch is not used because it decodes bodies, and a digest is over the raw bytes.
import type { Readable } from 'node:stream'
import { getCACertificates } from 'node:tls'
import type { Dispatcher } from 'undici'
import { EnvHttpProxyAgent, request as undiciRequest } from 'undici'
import { DvmError, messageOf } from '../../core/errors.ts'
import { proxyAddress, proxySetting } from '../../core/proxy.ts'
import { parseRetryAfter } from './parse.ts'
import type { RetryPolicy } from './retry.ts'
import { Passing, retrying } from './retry.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpResponse {
  readonly status: number
  header(name: string): string | undefined
  /** As often as the header was given. */
  headers(name: string): readonly string[]
  /** Raw, as sent. Must be read or destroyed. */
  readonly body: Readable
}

export interface HttpLimits {
  readonly connectMs: number
  readonly headersMs: number
  /** Between two pieces of a body. */
  readonly idleMs: number
  /** For a whole small answer; blobs are bounded by idleMs only. */
  readonly wholeMs: number
}

export const defaultHttpLimits: HttpLimits = {
  connectMs: 15_000,
  headersMs: 30_000,
  idleMs: 30_000,
  wholeMs: 60_000,
}

export interface HttpOptions {
  readonly variables: Readonly<Record<string, string | undefined>>
  /** PEM; trusted besides the system's and Node's. */
  readonly certificates: readonly string[]
  readonly signal: AbortSignal
  readonly userAgent: string
  readonly limits: HttpLimits
  readonly retry: RetryPolicy
}

export interface Http {
  /** One small answer, read whole. Retries what may pass; any other status is the caller's to judge. */
  fetch(request: HttpRequest, maxBytes: number): Promise<HttpResponse & { readonly bytes: Buffer }>
  /** One answer whose body is streamed by the caller. Retried until its headers are there. */
  open(request: HttpRequest): Promise<HttpResponse>
  close(): Promise<void>
}

const maxRedirects = 5
const passingStatus = (status: number): boolean =>
  status === 408 || status === 429 || (status >= 500 && status !== 501)
const passingErrors = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])

/** For answers that no registry gives. */
const between = { hint: 'something between here and the registry answers; see what: dvm doctor' }

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** Words for a request that got no answer. Never the URL's query or a header: either may hold a secret. */
const failureOf = (url: URL, error: unknown): DvmError => {
  const code = codeOf(error)
  // For a certificate Node adds advice about a flag of its own behind a semicolon.
  // A host with several addresses fails with an AggregateError, whose own message is empty.
  const why = messageOf(error) === '' ? code : messageOf(error)
  const untrusted = /CERT|SIGNED|VERIFY|ISSUER/.test(code)
  const hint = untrusted
    ? "the server's certificate is not trusted; behind a proxy that opens TLS: export DVM_CA_BUNDLE=/path/to/company-ca.pem"
    : why.includes('(407)')
      ? 'the proxy wants a login: export HTTPS_PROXY=http://user:password@proxy:port'
      : 'check the network, and HTTPS_PROXY and NO_PROXY if there is a proxy'
  return new DvmError('network', `cannot reach ${url.host}: ${untrusted ? why.split(';')[0] : why}`, {
    hint,
    cause: error,
  })
}

/** The proxies that the environment names; a loopback address never goes through one. */
const createDispatcher = ({ variables, certificates, limits }: HttpOptions): Dispatcher => {
  const setting = (name: 'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY') =>
    proxySetting((each) => variables[each], name)
  const proxy = (kind: 'HTTP_PROXY' | 'HTTPS_PROXY'): string => {
    const { name, value } = setting(kind)
    // Not the value: it may hold a password.
    if (value !== '' && proxyAddress(value) === undefined)
      throw new DvmError('config', `${name} is not the address of a proxy`, {
        hint: `export ${name}=http://HOST:PORT`,
      })
    return value
  }
  // `system` is the platform's store, with SSL_CERT_FILE and SSL_CERT_DIR honoured; `default` has Node's own and NODE_EXTRA_CA_CERTS.
  const ca = [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...certificates])]
  return new EnvHttpProxyAgent({
    httpProxy: proxy('HTTP_PROXY'),
    httpsProxy: proxy('HTTPS_PROXY'),
    noProxy: [setting('NO_PROXY').value, 'localhost', '127.0.0.1', '[::1]'].join(','),
    connect: { ca, timeout: limits.connectMs },
    requestTls: { ca },
    proxyTls: { ca },
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.idleMs,
  })
}

export const createHttp = (options: HttpOptions): Http => {
  const { signal, limits, retry, userAgent } = options
  const dispatcher = createDispatcher(options)

  const send = async (first: HttpRequest, until: AbortSignal): Promise<HttpResponse> => {
    let { url, headers } = first
    for (let redirects = 0; ; redirects += 1) {
      const answer = await undiciRequest(url.href, {
        dispatcher,
        signal: until,
        method: first.method,
        headers: { 'user-agent': userAgent, ...headers },
        ...(first.body === undefined ? {} : { body: first.body }),
      })
      const all = (name: string): readonly string[] => [answer.headers[name] ?? []].flat()
      const one = (name: string): string | undefined => all(name)[0]
      const location = [301, 302, 303, 307, 308].includes(answer.statusCode) ? one('location') : undefined
      if (location === undefined || first.method === 'POST')
        return { status: answer.statusCode, header: one, headers: all, body: answer.body }
      await answer.body.dump()
      const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined
      if (next === undefined || !/^https?:$/.test(next.protocol) || redirects === maxRedirects)
        throw new DvmError('network', `${first.url.host} redirects without end or to nowhere`, between)
      if (url.protocol === 'https:' && next.protocol === 'http:')
        throw new DvmError(
          'network',
          `${first.url.host} redirects from https to http, which is not followed`,
          between,
        )
      if (next.origin !== url.origin)
        headers = Object.fromEntries(
          Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'),
        )
      url = next
    }
  }

  /** One try; what may pass is thrown as Passing. */
  const attempt = async <T>(
    request: HttpRequest,
    deadlineMs: number | undefined,
    use: (answer: HttpResponse) => Promise<T>,
  ): Promise<T> => {
    const deadline = deadlineMs === undefined ? undefined : AbortSignal.timeout(deadlineMs)
    try {
      const answer = await send(
        request,
        deadline === undefined ? signal : AbortSignal.any([signal, deadline]),
      )
      if (!passingStatus(answer.status)) return await use(answer)
      answer.body.on('error', () => {}).destroy()
      throw new Passing(
        new DvmError('network', `${request.url.host} answers ${answer.status}`, {
          hint: answer.status === 429 ? 'wait, or log in for a higher limit' : 'try again later',
        }),
        parseRetryAfter(answer.header('retry-after'), Date.now()),
      )
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof DvmError || error instanceof Passing) throw error
      if (deadline?.aborted === true)
        throw new Passing(
          failureOf(request.url, new Error(`no whole answer within ${limits.wholeMs / 1000} s`)),
        )
      const failure = failureOf(request.url, error)
      throw passingErrors.has(codeOf(error)) ? new Passing(failure) : failure
    }
  }

  return {
    fetch: (request, maxBytes) =>
      retrying(
        () =>
          attempt(request, limits.wholeMs, async (answer) => {
            const pieces: Buffer[] = []
            let size = 0
            for await (const piece of answer.body as AsyncIterable<Buffer>) {
              size += piece.length
              if (size > maxBytes)
                throw new DvmError(
                  'network',
                  `${request.url.host} sends more than ${maxBytes} bytes, which is refused`,
                  between,
                )
              pieces.push(piece)
            }
            return { ...answer, bytes: Buffer.concat(pieces) }
          }),
        retry,
        signal,
      ),
    open: (request) =>
      retrying(() => attempt(request, undefined, (answer) => Promise.resolve(answer)), retry, signal),
    close: () => dispatcher.destroy(),
  }
}
