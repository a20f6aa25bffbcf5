// Pins against a real registry with TLS and users: Debian's docker-registry. It fails when that is not installed.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import type { DockerRegistry } from '../support/docker-registry.ts'
import { startDockerRegistry, user } from '../support/docker-registry.ts'
import type { Outcome } from '../support/dvm.ts'
import { runDvm } from '../support/dvm.ts'
import { base64 } from '../support/registry-client.ts'
import { imageOf, indexOf } from '../support/registry.ts'

const old = indexOf(['amd64', 'arm64'], { salt: 'old' })
const fresh = indexOf(['amd64', 'arm64'], { salt: 'new', created: '2026-11-30T01:00:00Z' })
let started: DockerRegistry | undefined
let registry: DockerRegistry
let home: string
let pinsFile: string

before(async () => {
  started = await startDockerRegistry()
  registry = started
  home = join(registry.folder, 'home')
  pinsFile = join(home, 'pins.json')
  mkdirSync(join(home, '.config', 'containers'), { recursive: true })
  const auths = { [registry.host]: { auth: base64(`${user.name}:${user.password}`) } }
  writeFileSync(join(home, '.config', 'containers', 'auth.json'), JSON.stringify({ auths }))
  await registry.push('fedora/fedora-bootc', '44', old)
})
after(() => started?.[Symbol.asyncDispose]())

const pinTo = (digest: string): void => {
  const reference = `https://${registry.host}/fedora/fedora-bootc`
  const pin = { reference, track: '44', digest, resolved: '2026-11-21' }
  writeFileSync(pinsFile, JSON.stringify({ fedora: { 'bootc-base': pin } }))
}
const pins = (args: string[], env: Record<string, string> = {}): Promise<Outcome> =>
  runDvm(home, ['pins', ...args, '--file', pinsFile], { SSL_CERT_FILE: registry.ca, ...env })

test('a pin is current, then outdated, then moved by update, then gone', async () => {
  pinTo(old.digest)
  const current = await pins(['check'])
  assert.deepEqual([current.exitCode, current.stderr], [0, ''])

  await registry.push('fedora/fedora-bootc', '44', fresh)
  const outdated = await pins(['check', '--json'])
  assert.equal(outdated.exitCode, 10, outdated.stderr)
  assert.match(outdated.stdout, new RegExp(`"latest": "${fresh.digest}"`))

  const update = await pins(['update'])
  assert.deepEqual([update.exitCode, update.stderr], [0, ''])
  assert.match(update.stdout, /→ sha256:[0-9a-f]{12} \(2026-11-30\)\n$/)
  const day = new Date().toISOString().slice(0, 10)
  const written = JSON.parse(readFileSync(pinsFile, 'utf8')) as { fedora: { 'bootc-base': unknown } }
  assert.deepEqual(written.fedora['bootc-base'], {
    reference: `https://${registry.host}/fedora/fedora-bootc`,
    track: '44',
    digest: fresh.digest,
    resolved: day,
  })
  assert.equal((await pins(['check'])).exitCode, 0)

  pinTo(old.digest)
  await registry.delete('fedora/fedora-bootc', old.digest)
  const gone = await pins(['check'])
  assert.equal(gone.exitCode, 11, gone.stderr)
  assert.match(gone.stderr, /no longer has a pinned image/)
})

test('without its CA, without credentials, with wrong ones: unreachable, and no secret is told', async () => {
  pinTo(fresh.digest)
  const wrong = join(home, 'wrong.json')
  writeFileSync(wrong, JSON.stringify({ auths: { [registry.host]: { auth: base64('alice:wr0ng-horse') } } }))
  const table: [env: Record<string, string>, why: RegExp][] = [
    [{ SSL_CERT_FILE: '/dev/null' }, /unable to verify the first certificate|self-signed certificate/],
    [{ REGISTRY_AUTH_FILE: join(home, 'none.json') }, /no credentials are stored/],
    [{ REGISTRY_AUTH_FILE: wrong }, /refuses localhost:\d+\/fedora\/fedora-bootc:44 \(401/],
  ]
  for (const [env, why] of table) {
    const { exitCode, stdout, stderr } = await pins(['check'], env)
    assert.equal(exitCode, 12)
    assert.match(stderr, why)
    assert.doesNotMatch(stdout + stderr, /horse|YWxpY2U/)
  }
  assert.equal((await pins(['check'], { SSL_CERT_FILE: '', NODE_EXTRA_CA_CERTS: registry.ca })).exitCode, 0)
})

test("a helper's credentials are used", async () => {
  pinTo(fresh.digest)
  const bin = join(home, 'bin')
  mkdirSync(bin, { recursive: true })
  const answer = JSON.stringify({ ServerURL: registry.host, Username: user.name, Secret: user.password })
  const helper = `#!/bin/sh\n[ "$1" = get ] && read -r host && [ "$host" = ${registry.host} ] && echo '${answer}'\n`
  writeFileSync(join(bin, 'docker-credential-dvmtest'), helper, { mode: 0o755 })
  mkdirSync(join(home, 'docker'), { recursive: true })
  writeFileSync(join(home, 'docker', 'config.json'), JSON.stringify({ credsStore: 'dvmtest' }))
  const env = {
    DOCKER_CONFIG: join(home, 'docker'),
    XDG_CONFIG_HOME: join(home, 'none'),
    PATH: `${bin}:${process.env['PATH']}`,
  }
  const { exitCode, stderr } = await pins(['check'], env)
  assert.deepEqual([exitCode, stderr], [0, ''])
})

test('a tag that became one architecture only is refused', async () => {
  pinTo(fresh.digest)
  await registry.push('fedora/fedora-bootc', '44', imageOf('amd64', 'alone'))
  const { exitCode, stderr } = await pins(['update'])
  assert.equal(exitCode, 9)
  assert.match(stderr, /cannot be pinned: it is the image of a single architecture/)
  assert.match(readFileSync(pinsFile, 'utf8'), new RegExp(fresh.digest))
})
