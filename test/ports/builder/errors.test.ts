import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import test from 'node:test'
import type { Completed } from '../../../src/core/command.ts'
import { buildFailure, guestFailure } from '../../../src/ports/builder/errors.ts'

const fixture = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../../fixtures/builder', `${name}.stderr`), 'utf8').trimEnd()

const failed = (stderr: string, change: Partial<Completed> = {}): Completed => ({
  command: 'ssh x',
  exitCode: 125,
  code: undefined,
  stdout: '',
  stderr,
  timedOut: false,
  canceled: false,
  ...change,
})

const full = 'failed: the disk of the builder is full'
const unreachable = 'network: the network or the registry cannot be reached from the builder'
const rootfs = 'config: the disk builder found no root file system type for this image'
const given = 'failed: the disk builder was not given what it needs by the builder'
const foreign = 'config: the image is for another CPU architecture than this machine'
const intercepted =
  'network: the connection to the registry is intercepted: its certificate is signed by an unknown authority'
const gone = 'network: pin gone: the registry no longer has the pinned digest'

/** The fixture, what it means, and how what to do about it begins. */
const known: readonly [string, string, string][] = [
  ['manifest-unknown', gone, 'dvm pins update'],
  ['manifest-404', gone, 'dvm pins update'],
  ['too-many-requests', 'network: the registry asks to slow down', 'wait some minutes'],
  ['x509', intercepted, 'export DVM_CA_BUNDLE='],
  ['dnf-curl-60', intercepted, 'export DVM_CA_BUNDLE='],
  ['dial-tcp', unreachable, 'check your connection'],
  ['tls-timeout', unreachable, 'check your connection'],
  ['http-503', unreachable, 'check your connection'],
  ['blob-eof', unreachable, 'check your connection'],
  ['run-apt-no-network', unreachable, 'check your connection'],
  ['pull-no-space', full, 'DVM_BUILDER_DISK='],
  ['run-no-space', full, 'DVM_BUILDER_DISK='],
  ['disk-cp-no-space', full, 'DVM_BUILDER_DISK='],
  [
    'not-bootc',
    'config: the image is not a bootc image: its last stage lost what dvm-base put there',
    'make the last stage',
  ],
  ['rootfs-1', rootfs, 'keep dvm-base'],
  ['rootfs-2', rootfs, 'keep dvm-base'],
  ['rootfs-3', rootfs, 'keep dvm-base'],
  ['rootfs-4', rootfs, 'keep dvm-base'],
  ['setfiles', 'failed: the builder lacks the SELinux policy of the disk builder', 'dvm base build --clean'],
  ['rootful', given, 'dvm base build --clean'],
  ['privileged', given, 'dvm base build --clean'],
  ['storage', given, 'dvm base build --clean'],
  [
    'no-longer-pulls',
    "failed: the disk builder found no image in the builder's store",
    'dvm base build --clean',
  ],
  [
    'preserve-ownership',
    'failed: the builder cannot keep the owners of files where it works',
    'dvm base build --clean',
  ],
  ['exec-format', foreign, 'use images'],
  ['openat2', foreign, 'use images'],
  ['read-only', 'failed: a part of the file system of the builder is read-only', 'dvm base build --clean'],
  ['run-killed', 'failed: it was killed: the builder ran out of memory', 'DVM_BUILDER_MEMORY=8'],
]
for (const [name, meaning, hint] of known)
  test(`says what it means: ${name}`, () => {
    const stderr = fixture(name)
    const error = buildFailure('it', failed(stderr))
    assert.equal(`${error.code}: ${error.message}`, meaning)
    assert.ok(error.hint?.startsWith(hint), error.hint)
    assert.equal(error.tail.at(-1), stderr.split('\n').at(-1), 'the tool’s own words come along')
  })

const exitCodes: readonly [string, number][] = [
  ['manifest-unknown', 8],
  ['not-bootc', 3],
  ['pull-no-space', 1],
]
for (const [name, exitCode] of exitCodes)
  test(`${name} ends dvm with ${exitCode}`, () =>
    assert.equal(buildFailure('it', failed(fixture(name))).exitCode, exitCode))

test('a RUN line that fails is podman’s own message, whatever the tool in it printed', () => {
  const podman = 'Error: building at STEP "RUN make": while running runtime: exit status 2'
  for (const noise of [
    'fetched 429 packages',
    'manifest unknown',
    'this is not a bootc image',
    'Error: requires a privileged container',
  ]) {
    const error = buildFailure('your image', failed(`${noise}\n${podman}`, { exitCode: 2 }))
    assert.equal(`${error.code}: ${error.message}`, `failed: ${podman.slice('Error: '.length)}`)
    assert.deepEqual(error.tail, [noise, podman])
  }
})

test('the exit code of a RUN line means nothing to dvm', () => {
  const podman = 'Error: building at STEP "RUN exit 255": while running runtime: exit status 255'
  assert.equal(buildFailure('it', failed(podman, { exitCode: 255 })).message, podman.slice('Error: '.length))
})

test('out of memory and out of time', () => {
  const killed = buildFailure('the disk', failed('', { exitCode: 137 }))
  assert.deepEqual(
    [killed.message, killed.hint],
    ['the disk was killed: the builder ran out of memory', 'DVM_BUILDER_MEMORY=8 dvm base build --clean'],
  )
  const late = buildFailure('the disk', failed('a\nb', { timedOut: true, exitCode: undefined }))
  assert.deepEqual([late.message, late.tail], ['the disk took too long and was stopped', ['a', 'b']])
})

test('what is not known is told in the tool’s words, with its last 20 lines and no more', () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`)
  const error = buildFailure('the disk', failed([...lines, 'error: cannot do it'].join('\n')))
  assert.equal(error.message, 'cannot do it')
  assert.equal(error.tail.length, 20)
  const silent = buildFailure('the disk', failed('', { stdout: 'out\n\n' }))
  assert.deepEqual([silent.message, silent.tail], ['the disk failed', ['out']])
})

test('anything else that the builder did not do is named, unless it is known', () => {
  const plain = guestFailure('hash the disk', failed('sha256sum: /x: Permission denied', { exitCode: 1 }))
  assert.deepEqual(
    [plain.code, plain.message, plain.hint, plain.tail],
    [
      'failed',
      'the builder could not hash the disk',
      'dvm base build --clean starts with a fresh builder',
      ['sha256sum: /x: Permission denied'],
    ],
  )
  const tar = guestFailure('receive the build context', failed(fixture('ship-no-space'), { exitCode: 2 }))
  assert.equal(`${tar.code}: ${tar.message}`, full)
})

test('what nobody knows a way out of gets the caller’s; what is known keeps its own', () => {
  const hint = 'dvm doctor'
  assert.equal(buildFailure('it', failed('Error: something new'), hint).hint, hint)
  assert.equal(buildFailure('it', failed('Error: something new')).hint, undefined)
  assert.match(buildFailure('it', failed('Error: no space left on device'), hint).hint ?? '', /--clean$/)
  assert.match(buildFailure('it', failed('', { timedOut: true, exitCode: undefined })).hint ?? '', /--clean$/)
})
