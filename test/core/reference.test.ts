// The grammar of image references, as tables.
import assert from 'node:assert/strict'
import test from 'node:test'
import { isDigest, nameOf, parseReference, renderReference, shortDigest } from '../../src/core/reference.ts'

const digest = `sha256:${'a1'.repeat(32)}`

test('references are read and written whole', () => {
  const table: [given: string, written: string][] = [
    ['debian', 'docker.io/library/debian'],
    ['debian:trixie-slim', 'docker.io/library/debian:trixie-slim'],
    ['docker.io/debian', 'docker.io/library/debian'],
    ['index.docker.io/library/debian:13', 'docker.io/library/debian:13'],
    ['someone/tool', 'docker.io/someone/tool'],
    ['quay.io/fedora/fedora-bootc:44', 'quay.io/fedora/fedora-bootc:44'],
    [`quay.io/fedora/fedora-bootc:44@${digest}`, `quay.io/fedora/fedora-bootc:44@${digest}`],
    ['localhost/dvm-base', 'localhost/dvm-base'],
    ['localhost:5000/a/b__c--d.e:v1', 'localhost:5000/a/b__c--d.e:v1'],
    ['[::1]:5000/a', '[::1]:5000/a'],
    ['https://registry.lan:5443/a:1', 'registry.lan:5443/a:1'],
  ]
  for (const [given, written] of table) assert.equal(renderReference(parseReference(given)), written, given)
  assert.equal(parseReference('http://registry.lan/a').scheme, 'http')
  assert.equal(parseReference('registry.lan/a').scheme, undefined)
  assert.equal(nameOf(parseReference('debian:13')), 'docker.io/library/debian')
})

test('what is no reference is refused with the part that is wrong', () => {
  const table: [given: string, why: RegExp][] = [
    ['', /it is empty/],
    ['https://', /it is empty/],
    ['a b', /has a space/],
    ['quay.io/Fedora/x', /"Fedora\/x" cannot be a repository/],
    ['quay.io/', /"" cannot be a repository/],
    ['quay.io/a//b', /cannot be a repository/],
    ['quay.io/../b', /cannot be a repository/],
    [`quay.io/${'a'.repeat(256)}`, /cannot be a repository/],
    ['quay.io/a:', /"" cannot be a tag/],
    ['quay.io/a:-x', /"-x" cannot be a tag/],
    ['quay.io/a@sha256:abc', /64 hexadecimal digits/],
    [`quay.io/a@sha512:${'0'.repeat(128)}`, /64 hexadecimal digits/],
    ['bad_host.io/a', /"bad_host.io" cannot be a registry/],
    ['--privileged.io/a', /cannot be a registry/],
    ['user@host.io/a', /64 hexadecimal digits/],
    ['file:///etc/passwd', /cannot be/],
  ]
  for (const [given, why] of table)
    assert.throws(() => parseReference(given), { name: 'DvmError', code: 'config', message: why }, given)
})

test('a digest is whole, small and SHA-256', () => {
  assert.equal(isDigest(digest), true)
  for (const wrong of [
    digest.toUpperCase(),
    digest.slice(1),
    `${digest}0`,
    `${digest}\n`,
    'sha256:',
    'latest',
  ])
    assert.equal(isDigest(wrong), false, wrong)
  assert.equal(shortDigest(digest), 'sha256:a1a1a1a1a1a1')
})
