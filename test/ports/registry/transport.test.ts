// TLS and proxies, as the environment asks for them, over real sockets. Certificates are made by openssl.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createServer, request as forward } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { parseReference } from '../../../src/core/reference.ts'
import { clientFor } from '../../support/registry-client.ts'
import { indexOf, startRegistry, status } from '../../support/registry.ts'

const index = indexOf()
const folder = mkdtempSync(join(tmpdir(), 'dvm-tls-'))
after(() => rmSync(folder, { recursive: true }))
const certificate = join(folder, 'cert.pem')
const openssl = (line: string): Buffer =>
  execFileSync('openssl', line.split(' '), { cwd: folder, stdio: 'pipe' })
openssl(
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=registry.test ' +
    '-addext subjectAltName=IP:127.0.0.1,DNS:registry.test -keyout key.pem -out cert.pem',
)
const tls = { key: readFileSync(join(folder, 'key.pem'), 'utf8'), cert: readFileSync(certificate, 'utf8') }

/** A proxy that leads everything to one place, whatever it is asked for, and remembers what that was. */
const startProxy = async (port: number) => {
  const asked: string[] = []
  const credentials: (string | undefined)[] = []
  const remember = (request: IncomingMessage): void => {
    asked.push(`${request.method} ${request.url}`)
    credentials.push(request.headers['proxy-authorization'])
  }
  const open = new Set<Socket>()
  const server = createServer((request, response) => {
    remember(request)
    const { pathname } = new URL(request.url ?? '')
    const options = { port, host: '127.0.0.1', method: request.method, path: pathname }
    forward(options, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    }).end()
  })
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    remember(request)
    const target = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    for (const each of [socket, target]) open.add(each.on('error', () => {}))
    target.pipe(socket).pipe(target)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    asked,
    credentials,
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
const portOf = (host: string): number => Number(host.split(':')[1])

test('a certificate that nobody vouches for is refused at once, with what to do', async () => {
  await using registry = await startRegistry(tls)
  await using client = clientFor()
  await assert.rejects(client.resolve(parseReference(`${registry.url}/a/b:1`)), {
    code: 'network',
    message: /^cannot reach 127\.0\.0\.1:\d+: self-signed certificate$/,
    hint: /DVM_CA_BUNDLE/,
  })
})

test('a redirect from https to http is not followed', async () => {
  await using registry = await startRegistry(tls)
  await using plain = await startRegistry()
  const client = trusting()
  registry.next.push(status(302, { location: `${plain.url}/x` }))
  assert.match(await client(`${registry.url}/a/b:1`), /redirects from https to http/)
  assert.deepEqual(plain.seen, [])
})

test('SSL_CERT_FILE and NODE_EXTRA_CA_CERTS are trusted', async () => {
  await using registry = await startRegistry(tls)
  registry.tag('a/b', '1', index)
  for (const name of ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'])
    assert.equal(await trusting(name)(`${registry.url}/a/b:1`), index.digest, name)
})

test('a proxy is used, with its credentials, but not for what NO_PROXY names nor for this machine', async () => {
  await using registry = await startRegistry()
  registry.tag('a/b', '1', index)
  await using proxy = await startProxy(portOf(registry.host))
  const HTTP_PROXY = `http://me:s3cret@${proxy.host}`
  await using client = clientFor({ variables: { HTTP_PROXY } })
  assert.equal(await client.resolve(parseReference('http://registry.test/a/b:1')), index.digest)
  assert.deepEqual(proxy.asked, ['HEAD http://registry.test/v2/a/b/manifests/1'])
  assert.deepEqual(proxy.credentials, [`Basic ${Buffer.from('me:s3cret').toString('base64')}`])
  assert.equal(await client.resolve(parseReference(`${registry.host}/a/b:1`)), index.digest)
  await using direct = clientFor({ variables: { HTTP_PROXY, NO_PROXY: '.test' }, retries: 0 })
  await assert.rejects(direct.resolve(parseReference('http://registry.test/a/b:1')), { code: 'network' })
  assert.equal(proxy.asked.length, 1)
})

test('https goes through the proxy of https_proxy as a tunnel that the proxy cannot read', async () => {
  await using registry = await startRegistry(tls)
  registry.tag('a/b', '1', index)
  await using proxy = await startProxy(portOf(registry.host))
  const resolve = trusting('SSL_CERT_FILE', { https_proxy: `http://${proxy.host}` })
  assert.equal(await resolve('registry.test/a/b:1'), index.digest)
  assert.deepEqual(proxy.asked, ['CONNECT registry.test:443'])
})

test('a proxy that refuses is named without its password', async () => {
  const refusing = createServer((_request, response) => response.writeHead(407).end())
  refusing.on('connect', (_request, socket: Socket) => void socket.end('HTTP/1.1 407 No\r\n\r\n'))
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve))
  const proxy = `http://me:s3cret@127.0.0.1:${(refusing.address() as AddressInfo).port}`
  await using client = clientFor({ variables: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }, retries: 0 })
  for (const scheme of ['http', 'https']) {
    const image = parseReference(`${scheme}://registry.test/a/b:1`)
    const failure: unknown = await client.resolve(image).catch((error: unknown) => error)
    assert.match((failure as Error).message, /^cannot reach registry\.test.*407/)
    assert.doesNotMatch(JSON.stringify(failure) + String((failure as Error).stack), /s3cret/)
  }
  refusing.closeAllConnections()
  refusing.close()
})

/** Resolves in a process of its own, because Node reads CA variables once, when it starts. */
function trusting(name = 'SSL_CERT_FILE', variables: Record<string, string> = {}) {
  const script = `
    import { clientFor } from ${JSON.stringify(new URL('../../support/registry-client.ts', import.meta.url).href)}
    import { parseReference } from ${JSON.stringify(new URL('../../../src/core/reference.ts', import.meta.url).href)}
    await using client = clientFor({ variables: ${JSON.stringify(variables)}, retries: 0 })
    console.log(await client.resolve(parseReference(process.argv[1])).catch((error) => error.message))`
  return async (reference: string): Promise<string> => {
    const { promisify } = await import('node:util')
    const { execFile } = await import('node:child_process')
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', script, reference],
      { env: { PATH: process.env['PATH'], HOME: folder, [name]: certificate } },
    )
    return stdout.trim()
  }
}

test('a proxy variable that holds no address is told without its value, which may be a password', () => {
  for (const [name, value] of [
    ['HTTPS_PROXY', 'me:s3cret@proxy:3128'],
    ['http_proxy', '10.0.0.1:80'],
  ] as const)
    assert.throws(() => clientFor({ variables: { [name]: value } }), {
      code: 'config',
      message: `${name} is not the address of a proxy`,
      hint: `export ${name}=http://HOST:PORT`,
    })
})
