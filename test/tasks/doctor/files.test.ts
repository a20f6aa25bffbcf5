// `dvm doctor` on the user's files and on what was built from them.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../../src/core/errors.ts'
import type { InstanceStatus } from '../../../src/ports/lima/index.ts'
import type { Registry } from '../../../src/ports/registry/index.ts'
import { buildBase } from '../../../src/tasks/base-build.ts'
import { examine } from '../../../src/tasks/doctor/index.ts'
import { dryRunSync } from '../../../src/tasks/plan-sync.ts'
import { qcow2Header } from '../../support/disks.ts'
import { addVm } from '../../support/memory-lima.ts'
import { memoryWorld, type World } from '../../support/memory-world.ts'

const digest = `sha256:${'a'.repeat(64)}`
const served: Registry['resolve'] = (reference) => Promise.resolve(reference.digest ?? digest)
const worldOf = (
  t: TestContext,
  variables: Readonly<Record<string, string>> = {},
  resolve: Registry['resolve'] = served,
): World => memoryWorld(t, variables, (deps) => ({ registry: { ...deps.registry, resolve } }))

/** `state name: found`, and below it the fix, of what the names match; the home as ~. */
const said = async (world: World, names: RegExp): Promise<string[]> =>
  (await examine(world.deps))
    .filter(({ name }) => names.test(name))
    .flatMap(({ state, name, found, fix }) => [
      `${state} ${name}: ${found}`,
      ...(fix === undefined ? [] : [`  ${fix}`]),
    ])
    .map((line) => line.replaceAll(world.home, '~'))
const config = /^(configuration|config.sh|VMs?( .*)?)$/
const app = '.config/dvm/vms/app/config.sh'
const build = (world: World) =>
  buildBase(world.deps, { clean: false, noCache: false, bootTest: false, wait: true })

test('each configuration is read, and what is wrong is told with its VM', async (t) => {
  const world = worldOf(t)
  assert.deepEqual(await said(world, config), [
    'ok configuration: none yet at ~/.config/dvm (dvm new VM begins it)',
    'ok config.sh: none, so the defaults',
  ])
  world.write('.config/dvm/config.sh', 'DVM_MEMORY=4\n')
  world.write(app, 'DVM_CPUS=two\nDVM_PORTS=(80)\n')
  world.write('.config/dvm/vms/broken/config.sh', 'if then\n')
  world.write('.config/dvm/vms/fine/config.sh', 'DVM_CPUS=2\n')
  world.write('.config/dvm/vms/leaves/config.sh', 'exit 3\n')
  world.write('.config/dvm/vms/plain/setup.sh', '')
  assert.deepEqual(await said(world, config), [
    'ok configuration: ~/.config/dvm',
    'ok config.sh: ~/.config/dvm/config.sh',
    `problem VM app: the configuration has 2 problems: ~/${app}: DVM_CPUS must be a whole number above 0, not "two"; ~/${app}: DVM_PORTS must hold HOST:GUEST, both from 1 to 65535, not "80"`,
    '  correct that, then: dvm doctor',
    "problem VM broken: ~/.config/dvm/vms/broken/config.sh:1: syntax error near unexpected token `then'",
    "  correct it, then check with: bash -n '~/.config/dvm/vms/broken/config.sh'",
    'ok VM fine: ~/.config/dvm/vms/fine/config.sh',
    'problem VM leaves: ~/.config/dvm/vms/leaves/config.sh stopped bash before the end of the file (status 3)',
    '  a configuration only sets variables; to leave it early use `return`, not `exit`',
    'ok VM plain: no config.sh of its own',
  ])
})

test('what others may write is told with the command that repairs it; what is wrong for all VMs is told once', async (t) => {
  const world = worldOf(t)
  const shared = world.write('.config/dvm/config.sh', '')
  const own = world.write(app, '')
  const setup = world.write('.config/dvm/vms/web/setup.sh', '')
  chmodSync(own, 0o620)
  chmodSync(setup, 0o602)
  assert.deepEqual((await said(world, config)).slice(2), [
    `problem VM app: ~/${app}: other users can write to it`,
    `  chmod go-w '~/${app}'`,
    'problem VM web: ~/.config/dvm/vms/web/setup.sh: other users can write to it',
    "  chmod go-w '~/.config/dvm/vms/web/setup.sh'",
  ])
  chmodSync(shared, 0o666)
  const later = [
    'warning VMs: not looked at, because of the problem above',
    '  repair that, then: dvm doctor',
  ]
  assert.deepEqual((await said(world, config)).slice(1), [
    'problem config.sh: ~/.config/dvm/config.sh: other users can write to it',
    "  chmod go-w '~/.config/dvm/config.sh'",
    ...later,
  ])
  chmodSync(join(world.home, '.config/dvm'), 0o777)
  assert.deepEqual(await said(world, config), [
    'problem configuration: ~/.config/dvm: other users can write to it',
    "  chmod go-w '~/.config/dvm'",
    ...later,
  ])
})

test('names that are hostile, or nothing at all', async (t) => {
  const world = worldOf(t)
  const vms = join(world.home, '.config/dvm/vms')
  mkdirSync(vms, { recursive: true, mode: 0o700 })
  for (const name of ['x\nok       y', '$(touch bad)', "it's", '-rf', 'Ünï', 'base', '.DS_Store'])
    mkdirSync(join(vms, name), { mode: 0o700 })
  writeFileSync(join(vms, 'file'), '', { mode: 0o600 })
  symlinkSync('/nowhere', join(vms, 'lost'))
  const fix = '  rename it, or move it away'
  assert.deepEqual(
    (await said(world, config)).slice(2),
    [
      ['warning VM "$(touch bad)": not a VM name: dvm leaves it alone', fix],
      ['warning VM "-rf": not a VM name: dvm leaves it alone', fix],
      ['warning VM base: a reserved name: dvm leaves it alone', fix],
      ['warning VM file: ~/.config/dvm/vms/file is not a directory', '  move it away, then: dvm new file'],
      ['warning VM "it\'s": not a VM name: dvm leaves it alone', fix],
      ['warning VM lost: ~/.config/dvm/vms/lost is not a directory', '  move it away, then: dvm new lost'],
      [String.raw`warning VM "x\nok       y": not a VM name: dvm leaves it alone`, fix],
      ['warning VM "Ünï": not a VM name: dvm leaves it alone', fix],
    ].flat(),
  )
})

test('a repair is one line that bash takes, whatever the directory is called', async (t) => {
  const odd = "o'dd\n\u202E\\ $(x)"
  const world = worldOf(t, { DVM_CONFIG_DIR: `./${odd}` })
  const file = world.write(join(odd, 'config.sh'), '')
  chmodSync(file, 0o666)
  const found = (await examine(world.deps)).find(({ name }) => name === 'config.sh')
  assert.match(found?.fix ?? '', /^chmod go-w \$'.*'$/)
  execFileSync('bash', { input: found?.fix ?? '' })
  assert.equal((await examine(world.deps)).find(({ name }) => name === 'config.sh')?.state, 'ok')
})

test('the base directory: none, no Containerfile, not fit, open to others, a flavour that there is none of', async (t) => {
  const world = worldOf(t)
  const about = () => said(world, /^(base directory|flavour)$/)
  const flavour = 'ok flavour: debian (DVM_FLAVOUR)'
  assert.deepEqual(await about(), [
    flavour,
    'ok base directory: none yet at ~/.config/dvm/base (dvm base init begins it)',
  ])
  mkdirSync(world.base, { recursive: true, mode: 0o700 })
  assert.deepEqual((await about()).slice(1), [
    'warning base directory: there is no Containerfile in ~/.config/dvm/base',
    '  dvm base init',
  ])
  symlinkSync('nowhere', join(world.base, 'Containerfile'))
  assert.deepEqual((await about()).slice(1), [
    'problem base directory: ~/.config/dvm/base/Containerfile is a link that leads nowhere',
    "  see where it should lead: ls -l '~/.config/dvm/base/Containerfile'",
  ])
  rmSync(join(world.base, 'Containerfile'))
  const file = world.write('.config/dvm/base/Containerfile', 'FROM debian\n')
  assert.match(
    (await about())[1] ?? '',
    /^problem base directory: .*:1: the image is made FROM debian, not FROM/,
  )
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  world.write('.config/dvm/base/.env', 'TOKEN=x\n')
  assert.deepEqual((await about()).slice(1), [
    'ok base directory: ~/.config/dvm/base; looks secret, so left out: .env',
  ])
  chmodSync(file, 0o664)
  assert.deepEqual((await about()).slice(1), [
    'problem base directory: ~/.config/dvm/base/Containerfile: other users can write to it',
    "  chmod go-w '~/.config/dvm/base/Containerfile'",
  ])
  const other = worldOf(t, { DVM_FLAVOUR: '' })
  other.write('.config/dvm/base/flavour', 'debian\n')
  assert.deepEqual(await said(other, /^flavour$/), ['ok flavour: debian (~/.config/dvm/base/flavour)'])
  other.write('.config/dvm/base/flavour', 'arch\n')
  assert.deepEqual(await said(other, /^flavour$/), [
    'problem flavour: unknown flavour "arch"',
    '  use one of: fedora, debian',
  ])
})

test('the base: none, current, behind, cut off, or a disk of somebody else', async (t) => {
  const world = worldOf(t)
  const about = () => said(world, /^base$/)
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  assert.deepEqual(await about(), [
    "warning base: none: VMs boot from Lima's template:fedora",
    '  dvm base build',
  ])
  const { generation } = await build(world)
  const name = generation.metadata.generation.slice(0, 12)
  assert.match((await about()).join('\n'), new RegExp(`^ok base: ${name}, debian x86_64, [\\d.]+ \\w+$`))
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\nRUN true\n')
  const [behind, fix] = await about()
  assert.match(behind ?? '', new RegExp(`^warning base: ${name}, .*; since then changed: Containerfile$`))
  assert.equal(fix, '  dvm base build')
  truncateSync(generation.disk, 500)
  assert.match((await about())[0] ?? '', /^problem base: .* (does not have the size|is neither)/)

  const foreign = worldOf(t, { DVM_BASE_IMAGE: 'mine.qcow2' })
  assert.deepEqual(await said(foreign, /^base$/), [
    "warning base: none at DVM_BASE_IMAGE (~/mine.qcow2): VMs boot from Lima's template:fedora",
    '  dvm base init, then: dvm base build',
  ])
  writeFileSync(join(foreign.home, 'mine.qcow2'), qcow2Header({ virtualSize: 1 << 30 }))
  assert.deepEqual(await said(foreign, /^base$/), [
    'ok base: ~/mine.qcow2, not built by this dvm: VMs boot from it',
  ])
})

test('the base of the shell version: VMs boot from it, so it is no problem unless it is no disk', async (t) => {
  const world = worldOf(t)
  const about = () => said(world, /^base$/)
  const disk = '.cache/dvm/base/disk.qcow2'
  world.write('.cache/dvm/base/metadata.json', '{"build_time":"2026-01-01T00:00:00Z","arch":"aarch64"}\n')
  writeFileSync(join(world.home, disk), qcow2Header({ virtualSize: 1 << 30 }))
  const told = `ok base: ~/${disk}, not built by this dvm: VMs boot from it; to make one that is known: `
  assert.deepEqual(await about(), [`${told}dvm base init, then: dvm base build`])
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  assert.deepEqual(await about(), [`${told}dvm base build`])
  world.write('.config/dvm/vms/app/config.sh', 'DVM_CPUS=2\n')
  assert.equal((await dryRunSync(world.deps, 'app')).base, join(world.home, disk))
  writeFileSync(join(world.home, disk), '<html>')
  assert.deepEqual(await about(), [
    `problem base: ~/${disk} is neither a qcow2 nor a raw disk that can boot`,
    '  dvm base build --clean',
  ])
})

test('the builder: what Lima says of it, and what a build would do about it', async (t) => {
  const world = worldOf(t)
  const about = () => said(world, /^builder$/)
  assert.deepEqual(await about(), ['ok builder: none yet (the first build makes it)'])
  const repair = '  dvm base build repairs it, or makes a new one'
  const states: readonly [InstanceStatus, readonly string[]][] = [
    ['Running', ['ok builder: dvm-builder, Running']],
    ['Stopped', ['ok builder: dvm-builder, Stopped']],
    ['Broken', ['warning builder: dvm-builder is Broken: no lima.yaml', repair]],
    ['', ['warning builder: dvm-builder is in a state that Lima does not know: no lima.yaml', repair]],
    ['Unknown', ['problem builder: dvm-builder: no lima.yaml', '  update dvm, or: limactl stop dvm-builder']],
  ]
  for (const [status, lines] of states) {
    addVm(world.memory, 'dvm-builder', status, { errors: ['no lima.yaml'] })
    assert.deepEqual(await about(), lines)
  }
  world.memory.at = () => {
    throw new DvmError('tool', 'limactl is not installed', { hint: 'install Lima' })
  }
  assert.deepEqual(await about(), ['warning builder: limactl is not installed', '  install Lima'])
})

test('registries: which builds stop when one does not answer, or no longer has the image', async (t) => {
  const fails =
    (code: 'network' | 'not-found', message: string): Registry['resolve'] =>
    () =>
      Promise.reject(
        new DvmError(code, message, { hint: code === 'network' ? 'check the proxy' : undefined }),
      )
  const about = (variables: Record<string, string>, resolve?: Registry['resolve']) =>
    said(worldOf(t, variables, resolve), / image$/)
  const unreachable = fails('network', 'cannot reach it')
  assert.match(
    (await about({})).join('\n'),
    /^ok bootc-base image: docker\.io serves library\/debian@sha256:[0-9a-f]{12}$/,
  )
  assert.deepEqual(await about({}, unreachable), [
    'warning bootc-base image: cannot reach it: a build that gets no answer either makes trixie from signed packages',
    '  check the proxy',
  ])
  const stops = 'no build of fedora that has to pull it can succeed; bases that are built keep booting'
  assert.deepEqual(await about({ DVM_FLAVOUR: 'fedora' }, unreachable), [
    `warning bootc-base image: cannot reach it: ${stops}`,
    '  check the proxy',
    `warning disk-builder image: cannot reach it: ${stops}`,
    '  check the proxy',
  ])
  assert.deepEqual((await about({ DVM_FLAVOUR: 'fedora' }, fails('not-found', 'it is gone'))).slice(0, 2), [
    `problem bootc-base image: it is gone: ${stops}`,
    '  dvm pins check, then: dvm pins update',
  ])
  const gone = fails('not-found', 'it is gone')
  assert.match((await about({}, gone)).join('\n'), /^problem .*: no build of debian .*\n {2}dvm pins check/)
  const named = { DVM_BOOTC_BASE: `debian@${digest}` }
  assert.match((await about(named, gone)).join('\n'), /\n {2}set DVM_BOOTC_BASE to a digest that is there/)
  assert.match((await about(named, unreachable)).join('\n'), /^warning .*: no build of debian/)
  const never = (): Promise<string> => assert.fail('no registry is needed')
  assert.deepEqual(await about({ DVM_BOOTC_BASE: 'bootstrap:trixie' }, never), [])
  assert.match(
    (await about({ DVM_BOOTC_BASE: 'debian:trixie' }, never))[0] ?? '',
    /^problem .*DVM_BOOTC_BASE is not pinned/,
  )
})
