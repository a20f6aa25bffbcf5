// A company's proxy on the loopback: it asks for a login, and opens TLS with certificates of its own authority. What it answers comes from
// the test; only plain requests that the test does not know really go where they want.
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { makeAuthority, type Authority } from './certificates.ts'

export interface Asked {
  /** `http` for a plain request, `https` for one that was opened, `refused` for one without the login. */
  readonly how: 'http' | 'https' | 'refused'
  readonly host: string
  readonly path: string
}

export interface InterceptingProxy extends AsyncDisposable {
  readonly port: number
  readonly authority: Authority
  /** For HTTP_PROXY and HTTPS_PROXY on this machine, login included. */
  readonly url: string
  readonly login: { readonly user: string; readonly password: string }
  /** What was asked of it so far. */
  readonly asked: readonly Asked[]
}

/** What a server behind it says; undefined = 404. */
export type Answer = (host: string, path: string) => string | undefined

export const startInterceptingProxy = async (answer: Answer): Promise<InterceptingProxy> => {
  const authority = makeAuthority('dvm test company CA')
  // Odd on purpose: it has to survive URLs, shells and files of settings.
  const login = { user: 'd.veloper', password: "p@ss/w:rd$('x')" }
  const expected = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`
  const asked: Asked[] = []
  const sockets = new Set<Socket>()

  const inside = createServer((incoming, response) => {
    const host = (incoming.headers.host ?? '').replace(/:\d+$/, '')
    asked.push({ how: 'https', host, path: incoming.url ?? '' })
    const text = answer(host, incoming.url ?? '')
    response.writeHead(text === undefined ? 404 : 200, { connection: 'close' }).end(text ?? 'no such thing\n')
  })

  const hasLogin = (incoming: IncomingMessage): boolean =>
    incoming.headers['proxy-authorization'] === expected
  const outside = createServer((incoming, response) => passOn(incoming, response))
  const passOn = (incoming: IncomingMessage, response: ServerResponse): void => {
    const url = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : undefined
    if (url === undefined) return void response.writeHead(400).end()
    asked.push({ how: hasLogin(incoming) ? 'http' : 'refused', host: url.hostname, path: url.pathname })
    if (!hasLogin(incoming))
      return void response.writeHead(407, { 'proxy-authenticate': 'Basic realm="company"' }).end()
    const text = answer(url.hostname, url.pathname)
    if (text !== undefined) return void response.writeHead(200).end(text)
    const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = incoming.headers
    const onward = request(url, { method: incoming.method ?? 'GET', headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(response)
    })
    onward.on('error', () => response.writeHead(502).end())
    incoming.pipe(onward)
  }
  outside.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    const host = (incoming.url ?? '').replace(/:\d+$/, '').replaceAll(/[[\]]/g, '')
    socket.on('error', () => socket.destroy())
    if (!hasLogin(incoming)) {
      asked.push({ how: 'refused', host, path: '' })
      socket.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="company"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      )
      return
    }
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    const { key, cert } = authority.leaf(host)
    const opened = new TLSSocket(socket, {
      isServer: true,
      secureContext: createSecureContext({ key, cert }),
    })
    opened.on('error', () => socket.destroy())
    inside.emit('connection', opened)
  })
  outside.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((done) => outside.listen(0, '127.0.0.1', done))
  const { port } = outside.address() as AddressInfo
  return {
    port,
    authority,
    login,
    url: `http://${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => outside.close(done))
      authority[Symbol.dispose]()
    },
  }
}
