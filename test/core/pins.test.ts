// pins.json: what is read, what is refused, and that an edit touches nothing else.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { flavourNames, flavourOf } from '../../src/core/flavour.ts'
import { checkPinned, pinOf, pinnedReference } from '../../src/core/pins.ts'
import { parsePins, replacePin } from '../../src/core/pins-text.ts'

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`
const entry = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
  reference: 'quay.io/fedora/fedora-bootc',
  track: '44',
  digest: digest('a'),
  resolved: '2026-11-21',
  ...change,
})
const problemsOf = (text: string): string[] => {
  try {
    parsePins(text)
    return []
  } catch (error) {
    assert.ok(error instanceof DvmError && error.code === 'config')
    return error.tail.length === 0 ? [error.message] : [...error.tail]
  }
}
const one = (value: unknown): string => JSON.stringify({ fedora: { 'bootc-base': value } })

test('the pins that ship are valid, and every flavour has what it needs', () => {
  const pins = parsePins(readFileSync(new URL('../../pins.json', import.meta.url), 'utf8'))
  for (const flavour of flavourNames) {
    assert.ok(pinOf(pins, flavour, 'bootc-base'), flavour)
    assert.equal(
      pinOf(pins, flavour, 'disk-builder') !== undefined,
      flavourOf(flavour).diskBuilder === 'pinned',
    )
  }
  for (const { flavour } of pins) assert.ok(flavourNames.includes(flavour))
})

test('a pin becomes what Podman pulls', () => {
  const pins = parsePins(one(entry()))
  const pin = pinOf(pins, 'fedora', 'bootc-base')
  assert.ok(pin)
  assert.equal(pinnedReference(pin), `quay.io/fedora/fedora-bootc@${digest('a')}`)
  assert.equal(pinOf(pins, 'fedora', 'disk-builder'), undefined)
  const local = parsePins(one(entry({ reference: 'https://localhost:5443/a' })))[0]
  assert.ok(local)
  assert.equal(pinnedReference(local), `localhost:5443/a@${digest('a')}`)
})

test('each wrong value is refused', () => {
  const table: [text: string, problem: RegExp][] = [
    ['', /not JSON/],
    ['{ "fedora": {}, }', /not JSON/],
    ['[]', /the file must be an object/],
    ['{ "fedora": [] }', /fedora must be an object/],
    ['{ "fedora": {}, "fedora": {} }', /unique/],
    ['{ "--x": {} }', /cannot be a flavour's name/],
    ['{ "fedora": { "disk": {} } }', /unknown role "disk" \(known: bootc-base, disk-builder, project-base\)/],
    [one('x'), /must be an object/],
    [one(entry({ digest: '44' })), /digest "44" is not a digest/],
    [one(entry({ digest: 44 })), /"digest" must be a string/],
    [one(entry({ reference: 'debian' })), /must be written whole: "docker.io\/library\/debian"/],
    [one(entry({ reference: 'quay.io/a:44' })), /the tag belongs in "track"/],
    [one(entry({ reference: 'quay.io/A' })), /cannot be a repository/],
    [one(entry({ track: 'a/b' })), /"a\/b" cannot be a tag/],
    [one(entry({ resolved: '2026-02-30' })), /"2026-02-30" is not a day/],
    [one(entry({ digets: digest('a') })), /unknown field "digets"/],
    [one({ reference: 'quay.io/a', track: '1', digest: digest('a') }), /"resolved" is missing/],
  ]
  for (const [text, problem] of table) {
    const problems = problemsOf(text)
    assert.equal(problems.length, 1, `${text}: ${problems.join(' | ')}`)
    assert.match(problems[0] ?? '', problem)
  }
})

test('all problems are told at once, each with its line', () => {
  const text = JSON.stringify({ fedora: { 'bootc-base': entry({ track: '', digest: 'x' }) } }, undefined, 2)
  assert.deepEqual(problemsOf(text), [
    'pins.json:5: fedora bootc-base: track "" cannot be a tag',
    'pins.json:6: fedora bootc-base: digest "x" is not a digest (sha256: and 64 hexadecimal digits)',
  ])
})

test('an edit changes the two values of one pin and no other byte', () => {
  const odd = `{"debian":{"bootc-base":
\t\t{ "resolved" : "2026-11-21","digest":\t"${digest('a')}", "track":"13",  "reference":"docker.io/library/debian" } },\r
  "fedora": {
      "bootc-base": {"reference":"quay.io/a", "track":"44", "digest":"${digest('a')}", "resolved":"2026-11-21"}}}  `
  for (const text of [odd, readFileSync(new URL('../../pins.json', import.meta.url), 'utf8')]) {
    const pin = pinOf(parsePins(text), 'debian', 'bootc-base')
    assert.ok(pin)
    const edited = replacePin(text, pin, digest('b'), '2026-12-01')
    assert.deepEqual(
      parsePins(edited).filter((each) => each.flavour !== 'debian'),
      parsePins(text).filter((each) => each.flavour !== 'debian'),
    )
    assert.deepEqual(pinOf(parsePins(edited), 'debian', 'bootc-base'), {
      ...pin,
      digest: digest('b'),
      resolved: '2026-12-01',
    })
    assert.equal(replacePin(edited, pin, pin.digest, pin.resolved), text)
  }
})

test('an image named by a variable must be pinned by a digest', () => {
  assert.deepEqual(checkPinned(`debian:13@${digest('c')}`, 'DVM_BOOTC_BASE'), {
    kind: 'image',
    reference: `docker.io/library/debian@${digest('c')}`,
  })
  assert.deepEqual(checkPinned('bootstrap:trixie', 'DVM_BOOTC_BASE', { bootstrap: 'trixie' }), {
    kind: 'bootstrap',
    release: 'trixie',
  })
  const table: [text: string, bootstrap: string | undefined, message: RegExp][] = [
    [
      'quay.io/fedora/fedora-bootc:44',
      'trixie',
      /^DVM_X is not pinned: "quay.io\/fedora\/fedora-bootc:44" has no digest/,
    ],
    ['bootstrap:trixie', undefined, /^DVM_X is not pinned/],
    ['bootstrap:', 'trixie', /^DVM_X: "" is not a release/],
    ['bootstrap:bookworm', 'trixie', /^DVM_X: "bookworm" is not a release that dvm can bootstrap/],
    ['bootstrap:$(x)', 'trixie', /is not a release/],
    ['quay.io/a@sha256:1', 'trixie', /^DVM_X: .*64 hexadecimal digits/],
  ]
  for (const [text, bootstrap, message] of table)
    assert.throws(
      () => checkPinned(text, 'DVM_X', { bootstrap }),
      { name: 'DvmError', code: 'config', message },
      text,
    )
})
