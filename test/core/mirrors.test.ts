// DVM_REGISTRY_MIRRORS: what may be written, what podman gets, and where dvm itself asks.
import assert from 'node:assert/strict'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { mirrorsOf, parseMirrors, renderRegistries } from '../../src/core/mirrors.ts'
import { guestNetwork, parseNetwork } from '../../src/core/network.ts'
import { parseReference, renderReference } from '../../src/core/reference.ts'

const text = `docker.io=mirror.corp/hub, docker.io=http://127.0.0.1:5000
quay.io/fedora=[fd00::1]:8443/a/b/`

test('podman asks them in that order, then the registry; this machine’s loopback is the gateway', () => {
  const settings = parseNetwork({ variable: () => undefined, mirrors: text, bundle: undefined })
  assert.equal(
    renderRegistries(guestNetwork(settings).mirrors),
    `[[registry]]
prefix = "docker.io"
location = "docker.io"

[[registry.mirror]]
location = "mirror.corp/hub"

[[registry.mirror]]
location = "192.168.5.2:5000"
insecure = true

[[registry]]
prefix = "quay.io/fedora"
location = "quay.io/fedora"

[[registry.mirror]]
location = "[fd00::1]:8443/a/b"
`,
  )
  assert.equal(renderRegistries([]), '')
})

const digest = `sha256:${'a'.repeat(64)}`
const places: readonly [string, readonly string[]][] = [
  [
    'debian:trixie',
    ['https://mirror.corp/hub/library/debian:trixie', 'http://127.0.0.1:5000/library/debian:trixie'],
  ],
  [`quay.io/fedora/fedora@${digest}`, [`https://[fd00::1]:8443/a/b/fedora@${digest}`]],
  ['quay.io/fedoras/fedora', []],
  ['quay.io/centos/centos', []],
  ['ghcr.io/a/b', []],
]
for (const [reference, expected] of places)
  test(`${reference} is asked for at ${expected.length} mirrors`, () =>
    assert.deepEqual(
      mirrorsOf(parseMirrors(text), parseReference(reference)).map(
        (mirror) => `${mirror.scheme}://${renderReference(mirror)}`,
      ),
      expected,
    ))

test('the longest beginning is meant', () => {
  const mirrors = parseMirrors('quay.io=all.corp quay.io/fedora=one.corp')
  assert.deepEqual(
    mirrorsOf(mirrors, parseReference('quay.io/fedora/x')).map(({ registry }) => registry),
    ['one.corp'],
  )
})

test('Docker Hub has one name', () =>
  assert.deepEqual(
    parseMirrors('index.docker.io=a.b registry-1.docker.io/library=a.b').map(({ prefix }) => prefix),
    ['docker.io', 'docker.io/library'],
  ))

const wrong: readonly [string, string][] = [
  ['docker.io', 'is not REGISTRY=MIRROR'],
  ['=mirror.corp', 'does not begin with a registry'],
  ['hub=mirror.corp', 'does not begin with a registry'],
  ['docker.io=', 'does not end with the address of a mirror'],
  ['docker.io=mirror', 'does not end with the address of a mirror'],
  ['docker.io=ftp://mirror.corp', 'does not end with the address of a mirror'],
  ['docker.io=a.b=c', 'is not REGISTRY=MIRROR'],
  ['docker.io=mirror.corp/"', 'does not end with the address of a mirror'],
  ['docker.io=mirror.corp/x"]', 'does not end with the address of a mirror'],
  ['docker.io=mirror.corp/$(id)', 'does not end with the address of a mirror'],
  ["docker.io=mirror.corp/'", 'does not end with the address of a mirror'],
  ['docker.io"=mirror.corp', 'does not begin with a registry'],
  ['docker.io=mirror.corp/UP', 'does not end with the address of a mirror'],
]
for (const [pair, why] of wrong)
  test(`not a mirror: ${pair}`, () =>
    assert.throws(() => parseMirrors(`quay.io=a.b ${pair}`), {
      code: 'config',
      message: `DVM_REGISTRY_MIRRORS: ${JSON.stringify(pair)} ${why}`,
    }))

test('a login that was put there by mistake is not shown', () =>
  assert.throws(
    () => parseMirrors('docker.io=https://me:s3cret@mirror.corp'),
    (error: unknown) => error instanceof DvmError && !error.message.includes('s3cret'),
  ))
