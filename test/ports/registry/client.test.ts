// The registry client against a registry that misbehaves on purpose, over real sockets.
import assert from 'node:assert/strict'
import test from 'node:test'
import { parseReference } from '../../../src/core/reference.ts'
import type { Document } from '../../support/registry.ts'
import { imageOf, indexOf, reset, startRegistry, status } from '../../support/registry.ts'
import { clientFor } from '../../support/registry-client.ts'

const index = indexOf()
const at = (host: string, rest = 'a/b:1') => parseReference(`${host}/${rest}`)
const error = (code: string, message: RegExp): { name: string; code: string; message: RegExp } => ({
  name: 'DvmError',
  code,
  message,
})

const serving = async (served: Document = index) => {
  const registry = await startRegistry()
  registry.tag('a/b', '1', served)
  return registry
}
const methods = (registry: { seen: readonly { method: string }[] }): string =>
  registry.seen.map(({ method }) => method).join(' ')

test('a tag is resolved by one HEAD that asks for indexes', async () => {
  await using registry = await serving()
  await using client = clientFor()
  assert.equal(await client.resolve(at(registry.host)), index.digest)
  assert.equal(methods(registry), 'HEAD')
  assert.match(
    registry.seen[0]?.headers.accept ?? '',
    /oci\.image\.index\.v1\+json.*manifest\.list\.v2\+json/,
  )
  assert.equal(registry.seen[0]?.headers['user-agent'], 'dvm/1.2.3')
})

test('a manifest is digested over its raw bytes', async () => {
  await using registry = await serving()
  await using client = clientFor()
  const manifest = await client.manifest(at(registry.host))
  assert.equal(manifest.digest, index.digest)
  assert.equal(Buffer.from(manifest.bytes).toString(), index.text)
  assert.deepEqual(manifest.platforms, ['linux/amd64', 'linux/arm64'])
})

test('HEAD without a digest, or not served at all: GET decides', async () => {
  for (const answer of [
    status(200, { 'content-type': index.type }),
    status(405),
    status(404),
    status(200, { 'docker-content-digest': 'sha256:short' }),
  ]) {
    await using registry = await serving()
    await using client = clientFor()
    registry.next.push(answer)
    assert.equal(await client.resolve(at(registry.host)), index.digest)
    assert.equal(methods(registry), 'HEAD GET')
  }
})

test('a digest header that lies is found out', async () => {
  await using registry = await serving()
  await using client = clientFor()
  const other = imageOf('amd64')
  const lie = status(200, { 'content-type': index.type, 'docker-content-digest': other.digest }, index.text)
  registry.next.push(lie)
  await assert.rejects(
    client.manifest(at(registry.host)),
    error('integrity', /sent sha256:.* and called it sha256/),
  )
  registry.next.push(status(200, { 'content-type': index.type }, index.text))
  await assert.rejects(
    client.manifest(at(registry.host, `a/b@${other.digest}`)),
    error('integrity', /called it/),
  )
  registry.next.push(status(200, { 'content-type': index.type }, index.text))
  assert.equal((await client.manifest(at(registry.host))).digest, index.digest)
})

test('what is not there is not found, asked once and never again', async () => {
  await using registry = await serving()
  await using client = clientFor()
  await assert.rejects(client.resolve(at(registry.host, 'a/b:2')), {
    ...error('not-found', /has no .*a\/b:2 \(404 MANIFEST_UNKNOWN\)/),
    hint: 'see which pins this concerns: dvm pins check',
  })
  assert.equal(methods(registry), 'HEAD GET')
})

test('408, 429, 5xx and resets are tried again', async () => {
  await using registry = await serving()
  for (const answer of [
    status(408),
    status(429),
    status(500),
    status(502),
    status(503),
    status(504),
    reset,
  ]) {
    await using client = clientFor()
    registry.seen.length = 0
    registry.next.push(answer, answer)
    assert.equal(await client.resolve(at(registry.host)), index.digest)
    assert.equal(methods(registry), 'HEAD HEAD HEAD')
  }
})

test('an end to retries: the last failure is what is said', async () => {
  await using registry = await serving()
  await using client = clientFor()
  registry.always = (_request, response) => (response.writeHead(503).end(), true)
  await assert.rejects(client.resolve(at(registry.host)), error('network', /^127\.0\.0\.1:\d+ answers 503$/))
  assert.equal(registry.seen.length, 4)
  registry.always = (request, response) => (reset(request, response), true)
  await assert.rejects(client.resolve(at(registry.host)), error('network', /^cannot reach 127/))
})

test('Retry-After is waited for, up to a bound', async () => {
  await using registry = await serving()
  await using client = clientFor()
  registry.next.push(status(429, { 'retry-after': '1' }))
  const start = performance.now()
  assert.equal(await client.resolve(at(registry.host)), index.digest)
  assert.ok(performance.now() - start >= 990, 'waited a second')
  registry.seen.length = 0
  registry.next.push(status(429, { 'retry-after': '3600' }))
  await assert.rejects(
    client.resolve(at(registry.host)),
    error('network', /answers 429; it asks to wait 3600 s$/),
  )
  assert.equal(registry.seen.length, 1)
})

test('other refusals are not tried again', async () => {
  await using registry = await serving()
  await using client = clientFor()
  registry.always = (_request, response) => (
    response.writeHead(403).end('{"errors":[{"code":"DENIED"}]}'),
    true
  )
  await assert.rejects(client.resolve(at(registry.host)), error('network', /refuses .* \(403 DENIED\)$/))
  assert.equal(methods(registry), 'HEAD GET')
  registry.always = (_request, response) => (response.writeHead(501).end(), true)
  await assert.rejects(client.manifest(at(registry.host)), error('network', /fails on .* \(501\)$/))
})

test('redirects are followed, with credentials to the same host only', async () => {
  await using registry = await serving()
  await using other = await serving()
  await using client = clientFor({ password: registry.host })
  registry.next.push(
    status(401, { 'www-authenticate': 'Basic realm="x"' }),
    status(307, { location: '/v2/a/b/manifests/other' }),
    status(302, { location: `${other.url}/v2/a/b/manifests/1` }),
  )
  assert.equal(await client.resolve(at(registry.host)), index.digest)
  const authorized = (seen: typeof registry.seen): boolean[] =>
    seen.map(({ headers }) => headers.authorization !== undefined)
  assert.deepEqual(authorized(registry.seen), [false, true, true])
  assert.deepEqual(authorized(other.seen), [false])
})

test('redirects that lead nowhere, or in circles, end', async () => {
  await using registry = await serving()
  await using client = clientFor()
  for (const location of ['/again', 'ftp://127.0.0.1/', 'http://:x']) {
    registry.always = (_request, response) => (response.writeHead(302, { location }).end(), true)
    await assert.rejects(client.manifest(at(registry.host)), {
      ...error('network', /redirects without end or to nowhere/),
      hint: 'something between here and the registry answers; see what: dvm doctor',
    })
  }
})

test('a huge answer is cut off', async () => {
  await using registry = await serving()
  await using client = clientFor()
  registry.always = (_request, response) => {
    response.writeHead(200, { 'content-type': index.type })
    const piece = Buffer.alloc(1 << 20)
    const more = (): void => void (response.destroyed || response.write(piece, more))
    more()
    return true
  }
  await assert.rejects(client.manifest(at(registry.host)), error('network', /more than 4194304 bytes/))
})

test('a body that stops, or trickles for ever, times out', async () => {
  await using registry = await serving()
  // undici's own timers tick about once a second, hence the wide gap between the two limits.
  await using client = clientFor({ limits: { idleMs: 300 }, retries: 0 })
  registry.next.push((_request, response) => void response.writeHead(200).write('{'))
  await assert.rejects(
    client.manifest(at(registry.host)),
    error('network', /^cannot reach 127.*body timeout/i),
  )
  registry.next.push((_request, response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write(' '), 50)
    response.on('close', () => clearInterval(timer))
  })
  await using hasty = clientFor({ limits: { wholeMs: 700 }, retries: 0 })
  await assert.rejects(hasty.manifest(at(registry.host)), error('network', /no whole answer within 0\.7 s/))
  registry.next.push((_request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{')
    setTimeout(() => response.destroy(), 20)
  })
  await assert.rejects(client.manifest(at(registry.host)), error('network', /^cannot reach 127/))
})

test('headers that never come time out', async () => {
  await using registry = await serving()
  await using client = clientFor({ limits: { headersMs: 300 }, retries: 0 })
  registry.next.push(() => {})
  await assert.rejects(client.manifest(at(registry.host)), error('network', /headers timeout/i))
})

test('an abort ends a request, and a wait between two, at once', async () => {
  const reason = new Error('stop')
  for (const answer of [() => {}, status(429, { 'retry-after': '20' })]) {
    await using registry = await serving()
    const abort = new AbortController()
    await using client = clientFor({ signal: abort.signal })
    registry.next.push(answer)
    const start = performance.now()
    setTimeout(() => abort.abort(reason), 100)
    await assert.rejects(client.resolve(at(registry.host)), reason)
    assert.ok(performance.now() - start < 2000)
  }
})

test('nobody there', async () => {
  const gone = await startRegistry()
  await gone[Symbol.asyncDispose]()
  await using client = clientFor()
  await assert.rejects(client.resolve(at(gone.host)), error('network', /^cannot reach 127.*ECONNREFUSED/))
  await assert.rejects(
    client.resolve(parseReference('registry.invalid/a:1')),
    error('network', /^cannot reach registry.invalid/),
  )
})

test('a blob is streamed', async () => {
  await using registry = await serving()
  await using client = clientFor()
  const digest = `sha256:${'0'.repeat(64)}`
  registry.next.push(status(500), status(200, {}, 'some bytes'), status(404))
  assert.equal(
    Buffer.concat(await (await client.blob(at(registry.host), digest)).toArray()).toString(),
    'some bytes',
  )
  assert.equal(registry.seen[0]?.url, `/v2/a/b/blobs/${digest}`)
  await assert.rejects(client.blob(at(registry.host), digest), error('not-found', /a\/b@sha256:0+/))
})
