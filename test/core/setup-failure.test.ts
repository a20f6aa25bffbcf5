import assert from 'node:assert/strict'
import test from 'node:test'
import { setupFailure } from '../../src/core/setup-failure.ts'

const of = (lines: readonly string[], exitCode = 1, name = 'app') =>
  setupFailure('/c/setup.sh', name, exitCode, lines)

/** Lines that tools print, what they mean, what to type. */
const known: readonly [string, RegExp, RegExp][] = [
  [
    "error: can't create transaction lock on /usr/lib/sysimage/rpm/.rpm.lock (Read-only file system)",
    /read-only in a running VM/,
    /Containerfile, then: dvm base build && dvm recreate app --yes$/,
  ],
  ['Curl error (60): SSL peer certificate or SSH remote key was not OK', /intercepted/, /^dvm doctor/],
  [
    'curl: (60) SSL certificate problem: unable to get local issuer certificate',
    /intercepted/,
    /^dvm doctor/,
  ],
  ['tar: write error: No space left on device', /disk of the VM is full/, /^dvm ssh app -- df -h \/$/],
  ['curl: (6) Could not resolve host: example.com', /does not reach the network/, /dvm sync app$/],
  ['Error: toomanyrequests: You have reached your pull rate limit', /slow down/, /dvm sync app$/],
]
for (const [line, cause, hint] of known)
  test(`says what it means: ${line}`, () => {
    const told = of(['step one', line, 'setup.sh: giving up'])
    assert.match(told.message, /^\/c\/setup\.sh ended with exit code 1: /)
    assert.match(told.message, cause)
    assert.match(told.hint, hint)
  })

test('a number is no answer of a server', () => {
  assert.match(of(['curl: (22) The requested URL returned error: 429']).message, /slow down/)
  assert.doesNotMatch(of(['429 packages are up to date']).message, /slow down/)
})

test('what ran out of memory says how to get more', () => {
  for (const told of [of([], 137), of(['make: *** Killed'], 2), of(['Killed'], 1)])
    assert.deepEqual(told.hint, 'raise DVM_MEMORY, then: dvm recreate app --yes')
})

test('a project is named whole where it is meant, its VM where that is', () => {
  assert.equal(of(['no space left on device'], 1, 'app/api').hint, 'dvm ssh app -- df -h /')
  const { message, hint } = of(['Error: crun: executable file `bash` not found in $PATH'], 127, 'app/api')
  assert.match(message, /no bash in the image/)
  assert.match(hint, /dvm reset app\/api --yes --keep-data$/)
})

test('a container that does not stay up', () => {
  const podman =
    'Error: can only start exec sessions when their container is running: container state improper'
  const { message, hint } = of([podman], 255, 'app/api')
  assert.match(message, /: its container does not stay up$/)
  assert.match(hint, /^dvm logs app\/api /)
})

test('what is read-only in a container is not what is in a VM', () => {
  const line = 'sysctl: setting key "vm.max_map_count": Read-only file system'
  assert.match(of([line]).hint, /dvm base build/)
  const { message, hint } = of([line], 1, 'app/api')
  assert.match(message, /where a container may not/)
  assert.match(hint, /^correct it, then: dvm sync app\/api /)
})

test('a shell that was killed is told as that, however the news came', () => {
  const hint = 'correct it, then: dvm sync app'
  assert.deepEqual(of(['nope'], 255), {
    message:
      '/c/setup.sh ended with exit code 255: its shell was killed or cut off, unless it says `exit 255` itself',
    hint,
  })
  assert.deepEqual(setupFailure('/c/setup.sh', 'app', undefined, []), {
    message: '/c/setup.sh was killed',
    hint,
  })
})

test('anything else is the script’s own', () =>
  assert.deepEqual(of(['nope']), {
    message: '/c/setup.sh ended with exit code 1',
    hint: 'correct it, then: dvm sync app',
  }))
