// Ways in: anonymous tokens, Basic, stored credentials and helpers; and that secrets go where they belong and nowhere else.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { messageOf } from '../../../src/core/errors.ts'
import { parseReference } from '../../../src/core/reference.ts'
import { createCredentials, credentialFiles } from '../../../src/ports/registry/credentials.ts'
import type { Command, Completed } from '../../../src/core/command.ts'
import type { Exec } from '../../../src/system/exec.ts'
import { base64, clientFor } from '../../support/registry-client.ts'
import { indexOf, startRegistry, status } from '../../support/registry.ts'

const index = indexOf()

/** A registry that wants `header`, and says `challenge` to everybody else; `/token` answers with `token`. */
const guarded = async (header: string, challenge: (url: string) => string, token = '{"token":"t0k3n"}') => {
  const registry = await startRegistry()
  registry.tag('a/b', '1', index)
  registry.always = (request, response) => {
    if (request.url?.startsWith('/token')) return (response.writeHead(200).end(token), true)
    if (request.headers.authorization === header) return false
    response.writeHead(401, { 'www-authenticate': challenge(registry.url) }).end()
    return true
  }
  return registry
}
const bearer = (url: string): string =>
  `Bearer realm="${url}/token",service="x y",scope="repository:a/b:pull"`
const image = (host: string) => parseReference(`${host}/a/b:1`)
const network = (message: RegExp) => ({ name: 'DvmError', code: 'network', message })

test('an anonymous token is fetched once and kept', async () => {
  for (const token of ['{"token":"t0k3n"}', '{"access_token":"t0k3n"}']) {
    await using registry = await guarded('Bearer t0k3n', bearer, token)
    await using client = clientFor()
    assert.equal(await client.resolve(image(registry.host)), index.digest)
    assert.equal((await client.manifest(image(registry.host))).digest, index.digest)
    assert.deepEqual(
      registry.seen.map(({ method, url }) => `${method} ${url}`),
      [
        'HEAD /v2/a/b/manifests/1',
        'GET /token?service=x+y&scope=repository%3Aa%2Fb%3Apull',
        'HEAD /v2/a/b/manifests/1',
        'GET /v2/a/b/manifests/1',
      ],
    )
    assert.equal(registry.seen[1]?.headers.authorization, undefined)
  }
})

test('a token that ran out is renewed', async () => {
  await using registry = await guarded('Bearer t0k3n', bearer)
  await using client = clientFor()
  await client.resolve(image(registry.host))
  registry.next.push(status(401, { 'www-authenticate': bearer(registry.url) }))
  assert.equal(await client.resolve(image(registry.host)), index.digest)
})

test('stored credentials go to the token server, the token to the registry', async () => {
  await using registry = await guarded('Bearer t0k3n', bearer)
  await using client = clientFor({ password: registry.host })
  assert.equal(await client.resolve(image(registry.host)), index.digest)
  assert.deepEqual(
    registry.seen.map(({ headers }) => headers.authorization),
    [undefined, `Basic ${base64('user:pass')}`, 'Bearer t0k3n'],
  )
})

test('an identity token is traded in by a form, not a header', async () => {
  await using registry = await guarded('Bearer t0k3n', bearer)
  await using client = clientFor({ authFile: { auths: { [registry.host]: { identitytoken: 's3cret' } } } })
  assert.equal(await client.resolve(image(registry.host)), index.digest)
  const asked = registry.seen[1]
  assert.equal(asked?.method, 'POST')
  assert.equal(asked.headers.authorization, undefined)
  assert.deepEqual(Object.fromEntries(new URLSearchParams(asked.body)), {
    service: 'x y',
    scope: 'repository:a/b:pull',
    grant_type: 'refresh_token',
    client_id: 'dvm',
    refresh_token: 's3cret',
  })
})

test('Basic, with what is stored for the repository rather than the host', async () => {
  await using registry = await guarded(`Basic ${base64('b:right')}`, () => 'Basic realm="x"')
  const auths = {
    [registry.host]: { auth: base64('user:wrong') },
    [`${registry.host}/a/b`]: { auth: base64('b:right') },
  }
  await using client = clientFor({ authFile: { auths } })
  assert.equal(await client.resolve(image(registry.host)), index.digest)
})

test('a registry that refuses for ever is asked twice, and no error holds a secret', async () => {
  await using registry = await guarded('never', () => 'Basic realm="x"')
  await using client = clientFor({ password: registry.host })
  const failure = await client.resolve(image(registry.host)).then(String, (error: unknown) => error)
  assert.match(messageOf(failure), /^127\.0\.0\.1:\d+ refuses .*a\/b:1 \(401\)$/)
  assert.equal(registry.seen.length, 2)
  await using bearers = await guarded('never', bearer)
  await using other = clientFor({ password: bearers.host })
  const second = await other.manifest(image(bearers.host)).then(String, (error: unknown) => error)
  for (const error of [failure, second])
    for (const secret of ['pass', base64('user:pass'), 't0k3n'])
      assert.ok(!JSON.stringify([messageOf(error), error, (error as Error).stack]).includes(secret))
})

test('what keeps one out is said', async () => {
  await using registry = await guarded('never', () => 'Basic realm="x"')
  await using client = clientFor()
  await assert.rejects(client.resolve(image(registry.host)), network(/refuses: .*no credentials are stored/))
  registry.always = (_request, response) => (response.writeHead(401).end(), true)
  await assert.rejects(client.resolve(image(registry.host)), network(/does not say which/))
  for (const realm of ['', 'file:///x', 'nonsense']) {
    registry.always = (_request, response) => (
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end(),
      true
    )
    await assert.rejects(client.resolve(image(registry.host)), network(/names no token server/))
  }
  for (const answer of ['{}', 'oops']) {
    await using other = await guarded('never', bearer, answer)
    await using visitor = clientFor()
    await assert.rejects(
      visitor.resolve(image(other.host)),
      network(/gave an anonymous visitor no token \(200\)/),
    )
  }
})

test('the files that are asked, in order', () => {
  assert.deepEqual(credentialFiles({}, '/h'), ['/h/.config/containers/auth.json', '/h/.docker/config.json'])
  const set = { XDG_RUNTIME_DIR: '/run/me', XDG_CONFIG_HOME: '/c', DOCKER_CONFIG: '/d' }
  assert.deepEqual(credentialFiles(set, '/h'), [
    '/run/me/containers/auth.json',
    '/c/containers/auth.json',
    '/d/config.json',
  ])
  assert.deepEqual(credentialFiles({ ...set, REGISTRY_AUTH_FILE: '/only' }, '/h'), ['/only'])
})

/** Answers each helper by its name and remembers what it was fed. */
const helpers = (answers: Record<string, Partial<Completed>>): { exec: Exec; asked: Command[] } => {
  const asked: Command[] = []
  const none = () => Promise.reject(new Error('not used'))
  const capture = (command: Command): Promise<Completed> => {
    asked.push(command)
    const missing = { exitCode: undefined, code: 'ENOENT' }
    const ended = { command: command.file, code: undefined, exitCode: 0, stdout: '', stderr: '' }
    return Promise.resolve({
      ...ended,
      timedOut: false,
      canceled: false,
      ...(answers[command.file] ?? missing),
    })
  }
  return { exec: { capture, stream: none, attach: none }, asked }
}

test('credentials are found as Docker and Podman store them', async () => {
  const said = (user: string, secret: string): Partial<Completed> => ({
    exitCode: 0,
    stdout: JSON.stringify({ ServerURL: 'x', Username: user, Secret: secret }),
  })
  const password = (user: string, password: string) => ({ kind: 'password', user, password })
  const auth = (text: string) => ({ auth: base64(text) })
  const answers = {
    'docker-credential-good': said('u', 'p'),
    'docker-credential-token': said('<token>', 'tok'),
    'docker-credential-empty': { exitCode: 1, stdout: 'credentials not found in native keychain' },
    'docker-credential-broken': { exitCode: 2 },
    'docker-credential-odd': { exitCode: 0, stdout: 'hello' },
  }
  const table: [config: unknown, registry: string, found: unknown, problem?: string][] = [
    [{ auths: { 'https://index.docker.io/v1/': auth('u:p:q') } }, 'docker.io', password('u', 'p:q')],
    [{ auths: { 'docker.io/library': auth('u:p') } }, 'docker.io', password('u', 'p')],
    [{ auths: { 'https://quay.io': auth('u:p') } }, 'quay.io', password('u', 'p')],
    [{ auths: { 'quay.io': auth('u:p') } }, 'quay.io:443', undefined],
    [{ auths: { 'quay.io': { username: 'u', password: 'p' } } }, 'quay.io', password('u', 'p')],
    [{ auths: { 'quay.io': {} } }, 'quay.io', undefined],
    [{ auths: { 'quay.io': { auth: '!!' } } }, 'quay.io', undefined],
    [
      { auths: { 'quay.io': auth('file:x') }, credHelpers: { 'quay.io': 'good' } },
      'quay.io',
      password('u', 'p'),
    ],
    [{ auths: { 'quay.io': {} }, credsStore: 'good' }, 'quay.io', password('u', 'p')],
    [{ credsStore: 'token' }, 'quay.io', { kind: 'identity-token', token: 'tok' }],
    [{ credsStore: 'empty' }, 'quay.io', undefined],
    [{ credsStore: 'missing' }, 'quay.io', undefined, 'docker-credential-missing is not installed'],
    [{ credsStore: 'broken' }, 'quay.io', undefined, 'docker-credential-broken failed'],
    [{ credsStore: 'odd' }, 'quay.io', undefined, 'docker-credential-odd printed no JSON'],
    [
      { credsStore: '../../x y' },
      'quay.io',
      undefined,
      '"../../x y" cannot be the name of a credential helper',
    ],
    [[], 'quay.io', undefined],
  ]
  const home = mkdtempSync(join(tmpdir(), 'dvm-credentials-'))
  const file = join(home, 'config.json')
  try {
    for (const [config, registry, found, problem] of table) {
      writeFileSync(file, JSON.stringify(config))
      const { exec, asked } = helpers(answers)
      const credentials = createCredentials([join(home, 'none.json'), file], exec)
      assert.deepEqual(await credentials.find(registry, 'library/debian'), found, JSON.stringify(config))
      assert.deepEqual(credentials.problems, problem === undefined ? [] : [problem])
      for (const { args, input } of asked) assert.deepEqual([args, input], [['get'], 'quay.io\n'])
    }
    const { exec, asked } = helpers(answers)
    writeFileSync(file, JSON.stringify({ credsStore: 'good' }))
    await createCredentials([file], exec).find('docker.io', 'library/debian')
    assert.equal(asked[0]?.input, 'https://index.docker.io/v1/\n')
    writeFileSync(file, '{')
    const broken = createCredentials([file], exec)
    assert.equal(await broken.find('quay.io', 'a'), undefined)
    assert.deepEqual(broken.problems, [`${file} cannot be read as JSON`])
  } finally {
    rmSync(home, { recursive: true })
  }
})
