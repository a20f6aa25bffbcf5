// The first build: from an empty home to a published generation. Needs nothing from other files; it empties the tests' home first.
import assert from 'node:assert/strict'
import {
  constants,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { writeBaseDirectory, writeContainerfile, containerfile } from '../support/e2e-base.ts'
import {
  baseDir,
  buildLog,
  builder,
  cacheDir,
  dvm,
  filesOf,
  forbiddenLima,
  generations,
  home,
  instances,
  limactl,
  publishedBase,
  runDvm,
  sha256,
  stateDir,
} from '../support/e2e.ts'

before(async () => {
  // What an earlier run left, also one that was killed. A builder may stay: its layers save time and decide nothing.
  for (const { name } of await instances().catch(() => []))
    if (name !== builder) await limactl('delete', '--force', name)
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true, mode: 0o700 })
})

test('base init writes a starter and says what it wrote; base status knows that nothing is built', async () => {
  assert.deepEqual(await dvm(['base', 'init', '--flavour', 'debian']), {
    exitCode: 0,
    stdout: '~/.config/dvm/base/Containerfile\n~/.config/dvm/base/flavour\n',
    stderr: 'add what every VM should have, then: dvm base build\n',
  })
  assert.match(readFileSync(join(baseDir, 'Containerfile'), 'utf8'), /^FROM dvm-base$/m)
  const status = await dvm(['base', 'status'])
  assert.deepEqual([status.exitCode, status.stderr], [0, ''])
  assert.deepEqual(status.stdout.split('\n').slice(0, 2), [
    "image:     none at ~/.cache/dvm/base/disk.qcow2: VMs boot from Lima's template:fedora",
    'inputs:    not built yet: dvm base build',
  ])
})

test('base dev-init writes the starters of the dev-base and of the list of packages', async () => {
  assert.deepEqual(await dvm(['base', 'dev-init']), {
    exitCode: 0,
    stdout: '~/.config/dvm/base/dev/Containerfile\n~/.config/dvm/base/packages.txt\n',
    stderr: 'list packages in packages.txt: dvm base build bakes them into the base\n',
  })
  assert.match(readFileSync(join(baseDir, 'dev', 'Containerfile'), 'utf8'), /^FROM \$\{DVM_DEV_FROM\}$/m)
  assert.match(readFileSync(join(baseDir, 'packages.txt'), 'utf8'), /^(#.*\n)+$/)
  // The projects' test writes a smaller one: this one's packages take minutes here.
  rmSync(join(baseDir, 'dev'), { recursive: true })
})

test('base build makes a base from a Containerfile, boots it once, and publishes it', async () => {
  writeBaseDirectory()
  const begun = new Date()
  const build = await runDvm(['base', 'build'])
  assert.equal(build.exitCode, 0, build.stderr)
  const done = build.stderr.split('\n').filter((line) => !line.startsWith('  '))
  assert.deepEqual(done, [
    'there is no base yet: building the first one',
    '✔ Check this machine (…)',
    '✔ Prepare the builder (…)',
    '✔ Send the build context (…)',
    '✔ Build dvm-base (…)',
    '✔ Build your image (…)',
    '✔ Check the image (…)',
    '✔ Assemble the disk (…)',
    '✔ Fetch the disk (…)',
    '✔ Boot test (…)',
    '✔ Publish (…)',
    '',
  ])

  const { current, metadata, files } = publishedBase()
  assert.match(current, /^[0-9a-f]{64}$/)
  assert.match(
    build.stdout,
    new RegExp(
      `^base ${current.slice(0, 12)} \\(debian, [\\d.]+ MiB\\) is ready: dvm sync VM boots from it\\n$`,
    ),
  )
  assert.deepEqual(files, filesOf(current))
  const disk = join(generations, current, 'disk.qcow2')
  const { bootcBase, bootcBaseId, diskBuilderId, builtAt, ...rest } = metadata
  assert.deepEqual(rest, {
    schema: 1,
    generation: current,
    arch: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    flavour: 'debian',
    diskBuilder: "dvm's own for debian",
    dvmVersion: (
      JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
    ).version,
    diskSize: statSync(disk).size,
    virtualSize: virtualSize(disk),
    sha256: await sha256(disk),
    bootTest: 'passed',
  })
  assert.match(String(bootcBase), /^bootstrap:trixie$|@sha256:[0-9a-f]{64}$/)
  for (const id of [bootcBaseId, diskBuilderId]) assert.match(String(id), /^(sha256:)?[0-9a-f]{64}$/)
  assert.ok(new Date(String(builtAt)) > begun && new Date(String(builtAt)) < new Date(), String(builtAt))

  const manifest = JSON.parse(readFileSync(join(generations, current, 'manifest.json'), 'utf8')) as {
    inputs: { context: Record<string, string> }
  }
  assert.deepEqual(manifest.inputs.context, {
    Containerfile: `600:${await sha256(join(baseDir, 'Containerfile'))}`,
    greet: `755:${await sha256(join(baseDir, 'greet'))}`,
    'packages.txt': `600:${await sha256(join(baseDir, 'packages.txt'))}`,
  })
  for (const [path, mode] of [
    [disk, 0o600],
    [join(generations, current), 0o700],
    [buildLog, 0o600],
    [stateDir, 0o700],
  ] as const)
    assert.equal(statSync(path).mode & 0o777, mode, path)
  assert.deepEqual(
    (await instances()).map(({ name, status }) => [name, status]),
    [[builder, 'Running']],
  )
})

/** From the qcow2 header itself: eight bytes at offset 24. */
const virtualSize = (path: string): number => {
  const header = Buffer.alloc(32)
  readSync(openSync(path, 'r'), header, 0, 32, 0)
  assert.equal(header.toString('latin1', 0, 4), 'QFI\xfb')
  return Number(header.readBigUInt64BE(24))
}

test('base status tells what is built, as text and as JSON', async () => {
  const { current, metadata } = publishedBase()
  const text = await dvm(['base', 'status'])
  assert.deepEqual([text.exitCode, text.stderr], [0, ''])
  assert.match(
    text.stdout,
    new RegExp(
      `^image:     ~/\\.cache/dvm/base/disk\\.qcow2
base:      ${current.slice(0, 12)}, debian \\w+, [\\d.]+ MiB, built \\d+ (s|min) ago
made from: \\S+( \\(the registry did not answer; .*\\))?
inputs:    unchanged
builder:   ${builder}, Running, \\d+ CPUs, \\d+ GiB memory, \\d+ GiB disk
$`,
    ),
  )
  const json = await dvm(['base', 'status', '--json'])
  const { builder: builderStatus, ...status } = JSON.parse(json.stdout) as Record<string, unknown>
  assert.deepEqual(status, {
    image: join(cacheDir, 'base', 'disk.qcow2'),
    exists: true,
    imageProblem: null,
    current: metadata,
    // Where no registry answers it is made from packages.
    standIn: String(metadata['bootcBase']).startsWith('bootstrap:'),
    kept: [],
    changes: [],
    builtBefore: false,
    problem: null,
    building: null,
    builderProblem: null,
  })
  assert.deepEqual(Object.keys(builderStatus as object), ['instance', 'state', 'cpus', 'memory', 'disk'])
})

test('an unchanged build says so and calls no limactl', async () => {
  const { current, metadata } = publishedBase()
  const { env, wasCalled } = forbiddenLima()
  const { exitCode, stdout, stderr } = await dvm(['base', 'build'], { env })
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.match(
    stdout,
    new RegExp(`^nothing changed: base ${current.slice(0, 12)} \\(debian, [\\d.]+ MiB\\) is current\\n$`),
  )
  const json = await dvm(['base', 'build', '--json'], { env })
  assert.deepEqual([json.exitCode, json.stderr], [0, ''])
  const [line = '', ...more] = json.stdout.split('\n')
  const { at, ...event } = JSON.parse(line) as Record<string, unknown>
  assert.deepEqual([typeof at, more], ['number', ['']])
  assert.deepEqual(event, { event: 'result', result: { outcome: 'unchanged', ...metadata } })
  assert.equal(wasCalled(), false)
})

test('base status names what changed since', async () => {
  writeContainerfile(containerfile('other'))
  writeFileSync(join(baseDir, 'added'), '')
  const changed = await dvm(['base', 'status'])
  rmSync(join(baseDir, 'added'))
  writeBaseDirectory()
  assert.match(changed.stdout, /^inputs:    changed: Containerfile, added \(new\): dvm base build$/m)
})

test('DVM_BASE_IMAGE may be any path: sync would boot from it, base rm --image removes exactly it', async () => {
  const { current } = publishedBase()
  const folder = join(home, `an "odd" path, isn't it`)
  const disk = join(folder, `di$k of 'mine'.img`)
  mkdirSync(folder)
  copyFileSync(join(generations, current, 'disk.qcow2'), disk, constants.COPYFILE_FICLONE)
  writeFileSync(`${disk}.notes`, 'mine')
  const lima = forbiddenLima()
  const env = { DVM_BASE_IMAGE: disk, ...lima.env }
  assert.equal((await dvm(['new', 'odd'])).exitCode, 0)

  const dryRun = await dvm(['sync', 'odd', '--dry-run'], { env })
  assert.deepEqual([dryRun.exitCode, dryRun.stderr], [0, ''])
  const lines = dryRun.stdout.trimEnd().split('\n')
  assert.deepEqual(lines.slice(0, 2), ['VM: odd', `base: ${disk.replace(home, '~')}`])
  assert.deepEqual(
    lines
      .slice(2, -1)
      .map((line) => /^would run: \S*no-limactl .*\b(create|start) .*dvm-odd/.exec(line)?.[1]),
    ['create', 'start'],
  )
  assert.match(lines.at(-1) ?? '', /^setup script: .*\/vms\/odd\/setup\.sh$/)

  assert.deepEqual(await dvm(['base', 'rm', '--image'], { env }), {
    exitCode: 0,
    stdout: '',
    stderr: `removed ${disk.replace(home, '~')}\n`,
  })
  assert.deepEqual(readdirSync(folder), [`di$k of 'mine'.img.notes`])
  assert.equal(publishedBase().current, current)
  assert.deepEqual(await dvm(['base', 'rm', '--image'], { env }), {
    exitCode: 0,
    stdout: '',
    stderr: 'there was nothing to remove\n',
  })
  assert.equal(lima.wasCalled(), false)
  rmSync(join(home, '.config', 'dvm', 'vms', 'odd'), { recursive: true })
})
