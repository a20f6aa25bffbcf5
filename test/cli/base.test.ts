// base build, status and rm as processes, as far as a Lima without guests can go; the rest is in test/tasks and on real Lima.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { createBaseStore } from '../../src/ports/store/index.ts'
import type { Answer } from '../fakes/state.ts'
import { dvmOnFake, type DvmOnFake } from '../support/dvm-on-fake.ts'
import { manifestOf, metadataOf } from '../support/generations.ts'

const room: Answer = { match: ['sudo', 'df'], stdout: 'Avail\n99999999999\n' }
const unit = ['sudo', 'systemd-run']
const provisioned: Answer = { match: unit, times: 1 }

const onFake = (t: TestContext, guest: readonly Answer[] = []): DvmOnFake => {
  const dvm = dvmOnFake(t, { guest })
  dvm.write('.config/dvm/base/Containerfile', '# mine\nFROM dvm-base\nRUN false\n')
  return dvm
}
const firstLines = [
  'there is no base yet: building the first one',
  '✔ Check this machine',
  '  there is no builder yet: making dvm-builder',
]

test('a pin that the registry no longer has: exit 8, what to do, and podman’s own words', async (t) => {
  const podman =
    'Error: initializing source docker://quay.io/fedora/fedora-bootc: reading manifest: manifest unknown'
  const { fake, run, home } = onFake(t, [
    room,
    { match: ['sudo', 'podman', 'image', 'inspect'], exitCode: 125 },
    provisioned,
    { match: unit, exitCode: 125, stderr: `${podman}\n` },
  ])
  assert.deepEqual(await run(['base', 'build']), {
    exitCode: 8,
    stdout: '',
    stderr: [
      ...firstLines,
      '✔ Prepare the builder',
      '✔ Send the build context',
      '✖ Build dvm-base',
      'dvm: pin gone: the registry no longer has the pinned digest',
      `  | ${podman}`,
      '  try: dvm pins update, then build again (registries delete images that no tag names any more)',
      '  log: ~/.local/state/dvm/base/build.log',
      '',
    ].join('\n'),
  })
  assert.equal(fake.instance('dvm-builder')?.template, 'template:fedora')
  const log = join(home, '.local/state/dvm/base/build.log')
  assert.match(readFileSync(log, 'utf8'), /manifest unknown/)
  assert.equal(statSync(log).mode & 0o777, 0o600)
  const last = fake.journal().at(-1)?.guest
  assert.match(last?.stdin ?? '', /systemctl stop 'dvm-work-\*'/, 'nothing goes on in the builder')
})

test('a RUN line that fails: podman’s message with the line of the Containerfile', async (t) => {
  const podman = 'building at STEP "RUN false": while running runtime: exit status 1'
  const { run } = onFake(t, [
    room,
    { match: ['sudo', 'podman', 'image', 'inspect'], stdout: 'abc {}\n' },
    { match: unit, has: '--help' },
    provisioned,
    { match: unit, times: 1 },
    {
      match: unit,
      exitCode: 1,
      stdout: 'STEP 1/2: FROM dvm-base\nSTEP 2/2: RUN false\n',
      stderr: `Error: ${podman}\n`,
    },
  ])
  const { exitCode, stderr } = await run(['base', 'build'])
  assert.equal(exitCode, 1)
  assert.deepEqual(stderr.split('\n').slice(5), [
    '✔ Build dvm-base',
    '✖ Build your image',
    `dvm: ~/.config/dvm/base/Containerfile:3: ${podman}`,
    '  | STEP 1/2: FROM dvm-base',
    '  | STEP 2/2: RUN false',
    `  | Error: ${podman}`,
    '  try: correct that line and build again; the old base stays in use',
    '  log: ~/.local/state/dvm/base/build.log',
    '',
  ])
})

test('a builder whose disk is nearly full is told with numbers', async (t) => {
  const { run } = onFake(t, [{ match: ['sudo', 'df'], stdout: 'Avail\n1073741824\n' }])
  assert.deepEqual(await run(['base', 'build']), {
    exitCode: 1,
    stdout: '',
    stderr: [
      ...firstLines,
      '✖ Prepare the builder',
      "dvm: the builder's disk is nearly full: 1 GiB free, 6 GiB needed",
      '  try: DVM_BUILDER_DISK=80 dvm base build --clean',
      '  log: ~/.local/state/dvm/base/build.log',
      '',
    ].join('\n'),
  })
})

test('a Lima that is too old is refused in seconds, and nothing is made', async (t) => {
  const { fake, run } = onFake(t)
  fake.script({ version: '2.0.3' })
  const { exitCode, stderr } = await run(['base', 'build'])
  assert.equal(exitCode, 4)
  assert.match(
    stderr,
    /^there is no base yet: .*\n✖ Check this machine\ndvm: Lima 2\.0\.3 is too old\n {2}try: install Lima 2\.1\.0 or later/,
  )
  assert.ok(!fake.calls().some((call) => call.startsWith('create')))
})

test('Lima run as root is refused by Lima, and dvm says so', async (t) => {
  const { fake, run } = onFake(t)
  fake.script({ root: true })
  const { exitCode, stderr } = await run(['base', 'build'])
  assert.equal(exitCode, 9)
  assert.match(stderr, /\ndvm: Lima refuses to run as root\n(.*\n)* {2}try: run dvm as an ordinary user\n/)
})

const unfit: readonly [
  string,
  (dvm: DvmOnFake) => void,
  Record<string, string>,
  number,
  (home: string) => string,
][] = [
  [
    'no Containerfile',
    () => undefined,
    {},
    3,
    () => `dvm: there is no Containerfile in ~/.config/dvm/base\n  try: dvm base init\n`,
  ],
  [
    'a Containerfile from another image',
    ({ write }) => write('.config/dvm/base/Containerfile', '# x\nFROM fedora:44\n'),
    {},
    3,
    () =>
      `dvm: ~/.config/dvm/base/Containerfile:2: the image is made FROM fedora:44, not FROM dvm-base\n  try: make its last stage start with: FROM dvm-base\n`,
  ],
  [
    'a base directory that others can write to',
    ({ write, home }) => {
      write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
      chmodSync(join(home, '.config/dvm/base'), 0o770)
    },
    {},
    9,
    (home) =>
      `dvm: ~/.config/dvm/base: other users can write to it\n  try: chmod go-w '${home}/.config/dvm/base'\n`,
  ],
  [
    'a configuration directory that others can write to',
    ({ write, home }) => {
      write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
      chmodSync(join(home, '.config/dvm'), 0o770)
    },
    {},
    9,
    (home) => `dvm: ~/.config/dvm: other users can write to it\n  try: chmod go-w '${home}/.config/dvm'\n`,
  ],
  [
    'a base that is no digest',
    ({ write }) => write('.config/dvm/base/Containerfile', 'FROM dvm-base\n'),
    { DVM_BOOTC_BASE: 'quay.io/fedora/fedora-bootc:44' },
    3,
    () =>
      'dvm: DVM_BOOTC_BASE is not pinned: "quay.io/fedora/fedora-bootc:44" has no digest, so it could change under you\n  try: DVM_BOOTC_BASE=quay.io/fedora/fedora-bootc@sha256:… (the digest of the image index: skopeo inspect --raw docker://quay.io/fedora/fedora-bootc:44 | sha256sum)\n',
  ],
  [
    'an unknown flavour',
    ({ write }) => write('.config/dvm/base/Containerfile', 'FROM dvm-base\n'),
    { DVM_FLAVOUR: 'arch' },
    3,
    () => 'dvm: unknown flavour "arch"\n  try: use one of: fedora, debian\n',
  ],
  [
    'a number that is none',
    () => undefined,
    { DVM_BUILDER_MEMORY: '4GiB' },
    3,
    () =>
      'dvm: DVM_BUILDER_MEMORY must be a whole number above 0, not "4GiB"\n  try: unset DVM_BUILDER_MEMORY\n',
  ],
]
for (const [what, prepare, env, exitCode, stderr] of unfit)
  test(`base build with ${what} fails before Lima is called`, async (t) => {
    const dvm = dvmOnFake(t)
    prepare(dvm)
    assert.deepEqual(await dvm.run(['base', 'build'], { env }), {
      exitCode,
      stdout: '',
      stderr: stderr(dvm.home),
    })
    assert.deepEqual(dvm.fake.journal(), [])
    assert.equal(existsSync(join(dvm.home, '.cache')), false)
  })

test('base status without anything, as text and as JSON', async (t) => {
  const { run, home } = dvmOnFake(t)
  assert.deepEqual(await run(['base', 'status']), {
    exitCode: 0,
    stdout: [
      "image:     none at ~/.cache/dvm/base/disk.qcow2: VMs boot from Lima's template:fedora",
      'inputs:    unknown: there is no Containerfile in ~/.config/dvm/base',
      'builder:   none (made by the first build)',
      '',
    ].join('\n'),
    stderr: '',
  })
  const json = await run(['base', 'status', '--json'])
  assert.partialDeepStrictEqual(JSON.parse(json.stdout), {
    image: `${home}/.cache/dvm/base/disk.qcow2`,
    exists: false,
    current: null,
    kept: [],
    changes: null,
    problem: `there is no Containerfile in ${home}/.config/dvm/base`,
    building: null,
    builder: null,
  })
})

for (const [asked, shown] of [
  [
    `docker.io/library/debian@sha256:${'1'.repeat(64)}`,
    'bootstrap:trixie (the registry did not answer; to ask it again: dvm base build --no-cache)',
  ],
  ['bootstrap:trixie', 'bootstrap:trixie'],
] as const)
  test(`base status of a base from packages whose inputs say ${asked.slice(0, 20)}`, async (t) => {
    const { run, home } = dvmOnFake(t)
    const store = createBaseStore(join(home, '.cache/dvm'))
    const candidate = await store.prepare('a'.repeat(64))
    writeFileSync(candidate.disk, 'disk')
    const { inputs, ...manifest } = manifestOf()
    const kept = { ...manifest, inputs: { ...inputs, bootcBase: asked } }
    await store.makeCurrent(await store.keep(candidate, metadataOf('a'.repeat(64), { diskSize: 4 }), kept))
    const { stdout } = await run(['base', 'status'])
    assert.equal(stdout.split('\n')[2], `made from: ${shown}`)
  })

test('base rm removes the builder and nothing else of Lima’s', async (t) => {
  const { fake, run } = dvmOnFake(t)
  fake.add({ name: 'dvm-builder', status: 'Running' })
  fake.add({ name: 'dvm-app' })
  assert.deepEqual(await run(['base', 'rm', '--image']), {
    exitCode: 0,
    stdout: '',
    stderr: 'there was nothing to remove\n',
  })
  assert.deepEqual(await run(['base', 'rm']), {
    exitCode: 0,
    stdout: '',
    stderr: 'removed the builder VM dvm-builder\n',
  })
  assert.deepEqual([fake.instance('dvm-builder'), fake.instance('dvm-app')?.status], [undefined, 'Stopped'])
})

test('base rm refuses a VM that the user named as builder and dvm did not make', async (t) => {
  const { fake, run } = dvmOnFake(t)
  fake.add({ name: 'default', status: 'Running' })
  assert.deepEqual(await run(['base', 'rm', '--builder'], { env: { DVM_BUILDER_LIMA: 'default' } }), {
    exitCode: 9,
    stdout: '',
    stderr:
      'dvm: default was not made by dvm as its builder, so dvm does not delete it\n  try: name another builder in DVM_BUILDER_LIMA; or, if default really may go: limactl delete --force default\n',
  })
  assert.equal(fake.instance('default')?.status, 'Running')
})

test('base rm --image removes exactly the disk of DVM_BASE_IMAGE', async (t) => {
  const { run, write } = dvmOnFake(t)
  const disk = write('disks/mine.qcow2', 'x')
  const other = write('disks/other.qcow2', 'x')
  assert.deepEqual(await run(['base', 'rm', '--image'], { env: { DVM_BASE_IMAGE: '~/disks/mine.qcow2' } }), {
    exitCode: 0,
    stdout: '',
    stderr: 'removed ~/disks/mine.qcow2\n',
  })
  assert.deepEqual([existsSync(disk), existsSync(other)], [false, true])
})
