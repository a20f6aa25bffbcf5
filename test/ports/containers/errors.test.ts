// What podman in a VM complains of, as what to do: it always ends in something to type.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import test from 'node:test'
import type { Completed } from '../../../src/core/command.ts'
import { NoAccount } from '../../../src/core/errors.ts'
import { containerFailure } from '../../../src/ports/containers/errors.ts'

/** Podman's, which is the same in the builder. */
const fixture = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../../fixtures/builder', `${name}.stderr`), 'utf8').trimEnd()

const failed = (stderr: string, change: Partial<Completed> = {}): Completed => ({
  command: '',
  exitCode: 125,
  code: undefined,
  stdout: '',
  stderr,
  timedOut: false,
  canceled: false,
  ...change,
})
const target = { vm: 'app', project: 'api' }
const itsVm = { vm: 'app', project: undefined }

const complaints: readonly [string, string, string][] = [
  ['Error: no such container dvm-app-api', 'not-found', 'dvm sync app/api'],
  [
    'Error: initializing source docker://x: reading manifest 1 in x: manifest unknown',
    'network',
    'correct IMAGE in project.sh, then: dvm sync app/api',
  ],
  [
    'Error: pinging container registry x: dial tcp: lookup x: no such host',
    'network',
    'check your connection and proxy, then: dvm sync app/api',
  ],
  [
    'Error: short-name "node:22" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"',
    'config',
    'write it whole in project.sh, for example IMAGE=docker.io/library/node:24, then: dvm sync app/api',
  ],
  [
    `Error: initializing source docker://quay.io/fedora/fedora@sha256:${'a'.repeat(64)}: reading manifest sha256:aa in quay.io/fedora/fedora: manifest unknown`,
    'network',
    'dvm pins update (or correct IMAGE in project.sh)',
  ],
  [
    'Error: copying system image from manifest list: reading blob sha256:6f: Get "https://cdn/6f": EOF',
    'network',
    'check your connection and proxy, then: dvm sync app/api',
  ],
  [
    'Error: write /home: no space left on device',
    'failed',
    'dvm ssh app -- podman image prune --all --force (removes unused images; to see what is full: dvm ssh app -- df -h /)',
  ],
  [
    fixture('dnf-curl-60').replace(/^Error: .*$/m, ''),
    'network',
    "export DVM_CA_BUNDLE=/path/to/company-ca.pem with your proxy's CA in it, then: dvm sync app",
  ],
  [
    'E: Failed to fetch https://deb.example.org/x  Certificate verification failed: The certificate is NOT trusted.',
    'network',
    "export DVM_CA_BUNDLE=/path/to/company-ca.pem with your proxy's CA in it, then: dvm sync app",
  ],
  [
    'Error: mkdir /home/me/.local/share/containers: read-only file system',
    'failed',
    'dvm stop app && dvm sync app (a file system that met an error is checked at the next start)',
  ],
  [
    'Error: choosing an image from manifest list: exec format error',
    'config',
    'name an IMAGE for this architecture in project.sh, then: dvm reset app/api --yes --keep-data',
  ],
  [
    'Error: initializing source docker://localhost/mine:latest: pinging container registry localhost: Get "https://localhost/v2/": dial tcp [::1]:443: connect: connection refused',
    'config',
    'build it there, or correct IMAGE in project.sh (dvm base dev-init begins a dev-base); then: dvm sync app/api',
  ],
  [
    'Error: parsing reference "Node": repository name must be lowercase',
    'config',
    'correct IMAGE in project.sh (small letters, for example docker.io/library/node:24), then: dvm sync app/api',
  ],
  [
    'Error: invalid reference format: repository name must be lowercase',
    'config',
    'correct IMAGE in project.sh (small letters, for example docker.io/library/node:24), then: dvm sync app/api',
  ],
  [
    "Error: rootlessport cannot expose privileged port 80, you can add 'net.ipv4.ip_unprivileged_port_start=80' to /etc/sysctl.conf (currently 1024), or choose a larger port number (>= 1024): listen tcp 127.0.0.1:80: bind: permission denied",
    'config',
    'give the host one from 1024 in PROJ_PORTS, for example 8080:80, then: dvm sync app/api',
  ],
  [
    'Error: stat /dev/fuse: no such file or directory',
    'config',
    'dvm ssh app -- sudo modprobe fuse, or NESTED=0 in project.sh; then: dvm sync app/api',
  ],
  [
    'Error: crun: executable file `sleep` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found',
    'config',
    'choose an IMAGE with sleep in it in project.sh, then: dvm sync app/api',
  ],
  [
    'Error: can only create exec sessions on running containers: container state improper',
    'failed',
    'dvm logs app/api (IMAGE must have `sleep`, which keeps it up; then: dvm reset app/api --yes --keep-data)',
  ],
  [
    'bash: line 1: 12 Killed podman run',
    'failed',
    'raise DVM_MEMORY in vms/app/config.sh, then: dvm recreate app --yes',
  ],
]
for (const [stderr, code, hint] of complaints)
  test(`says what it means: ${stderr.split('\n')[0]}`, () => {
    const error = containerFailure('do it', target, failed(stderr))
    assert.deepEqual([error.code, error.hint], [code, hint])
    assert.equal(error.tail.at(-1), stderr.trimEnd().split('\n').at(-1), 'podman’s own words come along')
  })

test('what reads alike is something else', () => {
  for (const stderr of [
    'Error: listen unix /run/user/1000/podman.sock: bind: permission denied',
    'Error: unable to start container abc: must be in Created or Stopped state to be started: container state improper',
  ])
    assert.equal(containerFailure('do it', target, failed(stderr)).message, stderr.slice('Error: '.length))
})

test('an account that a VM does not have', () => {
  for (const stderr of ['sudo: unknown user eve', 'sudo: unknown user: eve', "sudo-rs: user 'eve' not found"])
    assert.ok(containerFailure('ask', itsVm, failed(stderr, { exitCode: 1 })) instanceof NoAccount, stderr)
  const built = containerFailure('build', itsVm, failed('sudo: unknown user eve\nError: x'), { build: true })
  assert.equal(built.message, 'x', 'a line of the person’s own')
})

test('what to type is the command that failed, where that was no sync', () => {
  const again = 'dvm rm app/api --yes'
  const hintOf = (stderr: string, change: Partial<Completed> = {}): string | undefined =>
    containerFailure('do it', target, failed(stderr, change), { again }).hint
  assert.equal(
    hintOf('Error: something new'),
    `${again} (what podman says of itself: dvm ssh app -- podman info)`,
  )
  assert.equal(hintOf('', { timedOut: true }), `${again} (and if that hangs too: dvm stop app && ${again})`)
})

test('what nobody knows is told in podman’s words, and ends in something to type', () => {
  const told = containerFailure('do it', target, failed('warning\nError: something new'))
  assert.deepEqual(
    [told.message, told.hint],
    [
      'something new',
      'dvm sync app/api (and if that fails too, with a new container on the same workspace: dvm reset app/api --yes --keep-data)',
    ],
  )
  const silent = containerFailure('ask podman', itsVm, failed('', { exitCode: 1 }))
  assert.deepEqual(
    [silent.message, silent.hint],
    ['the VM could not ask podman', 'dvm sync app (what podman says of itself: dvm ssh app -- podman info)'],
  )
})

test('out of time, and out of memory without a word', () => {
  const late = containerFailure('do it', target, failed('', { timedOut: true, exitCode: undefined }))
  assert.deepEqual(
    [late.message, late.hint],
    [
      'the VM took too long to do it',
      'dvm sync app/api (and if that hangs too: dvm stop app && dvm sync app/api)',
    ],
  )
  const killed = containerFailure('do it', target, failed('', { exitCode: 137 }))
  assert.deepEqual(
    [killed.message, killed.hint],
    [
      'the VM ran out of memory, and could not do it',
      'raise DVM_MEMORY in vms/app/config.sh, then: dvm recreate app --yes',
    ],
  )
})

test('an answer on stdout is no complaint', () => {
  const stdout = 'x509: certificate signed by unknown authority'
  assert.equal(containerFailure('do it', target, failed('Error: new', { stdout })).message, 'new')
})

const build = (stderr: string, change: Partial<Completed> = {}) =>
  containerFailure('build the dev-base', itsVm, failed(stderr, change), { build: true })

test('what only sounds like it is told in its own words', () => {
  const openat2 = 'Error: crun: openat2 `etc/hostname`: Not a directory'
  assert.match(containerFailure('do it', target, failed(openat2)).message, /^crun: openat2/)
  const stdout = 'Creating self-signed certificate... done.'
  const run = 'Error: building at STEP "RUN ./configure": while running runtime: exit status 1'
  assert.equal(build(run, { stdout }).hint, undefined)
})

test('a build: what the Containerfile is at fault for is for the caller to name', () => {
  for (const stderr of [
    'fetched 429 packages\nError: building at STEP "RUN make": while running runtime: exit status 2',
    'Error: creating build container: initializing source docker://x: reading manifest 1 in x: manifest unknown',
    fixture('exec-format'),
  ])
    assert.equal(build(stderr).hint, undefined, stderr)
})

test('a build: what its RUN lines lack is known wherever the tool said it', () => {
  const { stderr } = failed(
    'Error: building at STEP "RUN dnf install -y git": while running runtime: exit status 1',
  )
  assert.match(build(stderr, { stdout: 'Curl error (60): SSL' }).hint ?? '', /^export DVM_CA_BUNDLE=/)
  assert.match(build(fixture('run-apt-no-network')).hint ?? '', /dvm sync app$/)
  assert.match(build(fixture('run-no-space')).hint ?? '', /^dvm ssh app -- podman image prune/)
  assert.match(build(fixture('run-killed'), { exitCode: 137 }).hint ?? '', /dvm recreate app --yes$/)
})
