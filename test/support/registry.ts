// A registry in this process that serves what it is given and misbehaves when told to: each misbehaviour takes one request.
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export const indexType = 'application/vnd.oci.image.index.v1+json'
export const imageType = 'application/vnd.oci.image.manifest.v1+json'

export const sha256 = (bytes: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

export interface Document {
  readonly type: string
  readonly text: string
  readonly digest: string
  /** The blob that an image's manifest names, for a registry that insists on having it. */
  readonly config?: string
  /** What an index is made of. */
  readonly images?: readonly { readonly architecture: string; readonly salt: string }[]
}

const document = (type: string, content: object, rest: Partial<Document> = {}): Document => {
  // Indented oddly on purpose: a digest is over the bytes as sent, not over what they mean.
  const text = JSON.stringify({ schemaVersion: 2, mediaType: type, ...content }, undefined, 3)
  return { type, text, digest: sha256(text), ...rest }
}

/** One architecture's image without layers. */
export const imageOf = (architecture: string, salt = ''): Document => {
  const config = JSON.stringify({ architecture, salt })
  const mediaType = 'application/vnd.oci.image.config.v1+json'
  const described = { mediaType, digest: sha256(config), size: config.length }
  return document(imageType, { config: described, layers: [] }, { config })
}

export const indexOf = (
  architectures: readonly string[] = ['amd64', 'arm64'],
  { salt = '', created }: { salt?: string; created?: string } = {},
): Document => {
  const manifests = architectures.map((architecture) => {
    const { digest, text } = imageOf(architecture, salt)
    return { mediaType: imageType, digest, size: text.length, platform: { os: 'linux', architecture } }
  })
  const annotations = created === undefined ? {} : { 'org.opencontainers.image.created': created }
  const images = architectures.map((architecture) => ({ architecture, salt }))
  return document(indexType, { manifests, annotations }, { images })
}

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => void

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string
  readonly url: string
  readonly seen: Seen[]
  /** Taken by the next requests, one each, before anything is served. */
  readonly next: Misbehaviour[]
  /** Takes every request that `next` left, until it is undefined again; false = serve as usual. */
  always: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
  tag(repository: string, tag: string, served: Document): void
  remove(repository: string, reference: string): void
}

export const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Misbehaviour =>
  (_request, response) =>
    void response.writeHead(code, headers).end(body)

export const reset: Misbehaviour = (request) => void request.socket.resetAndDestroy()

/** Given no address, it listens on the loopback interface, with TLS when given a key. */
export const startRegistry = async (tls?: { key: string; cert: string }): Promise<TestRegistry> => {
  const manifests = new Map<string, Document>()
  const seen: Seen[] = []
  const next: Misbehaviour[] = []

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const found = manifests.get(request.url ?? '')
    if (found === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(request.method === 'HEAD' ? '' : '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
      return
    }
    response.writeHead(200, { 'content-type': found.type, 'docker-content-digest': found.digest })
    response.end(request.method === 'HEAD' ? '' : found.text)
  }
  const listener: RequestListener = (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece))
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
      const misbehave = next.shift()
      if (misbehave !== undefined) misbehave(request, response)
      else if (registry.always?.(request, response) !== true) serve(request, response)
    })
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const at = (repository: string, reference: string): string => `/v2/${repository}/manifests/${reference}`
  const registry: TestRegistry = {
    host,
    url: `${tls === undefined ? 'http' : 'https'}://${host}`,
    seen,
    next,
    always: undefined,
    tag: (repository, tag, served) => {
      manifests.set(at(repository, tag), served)
      manifests.set(at(repository, served.digest), served)
    },
    remove: (repository, reference) => void manifests.delete(at(repository, reference)),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return registry
}
