// `ls`, `stop`, `rm`, `sh`, `ssh`, `base status`, `base rm`: what they touch, and what they must never touch.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { buildBase } from '../../src/tasks/base-build.ts'
import { baseStatus, removeBase } from '../../src/tasks/base-status.ts'
import { enter as enterTarget } from '../../src/tasks/enter.ts'
import { listVms } from '../../src/tasks/list-vms.ts'
import { removeVm, stopVm, stoppableVms } from '../../src/tasks/vms.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const failure = async (promise: Promise<unknown>): Promise<DvmError> => {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof DvmError, String(error))
  return error
}
const config = (world: World, vm: string): string => world.write(`.config/dvm/vms/${vm}/config.sh`, '')
const acts = (world: World): string[] => world.memory.calls.filter((call) => call !== 'list')
const build = (world: World) => {
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  return buildBase(world.deps, { clean: false, noCache: false, bootTest: false, wait: true })
}

test('lists users’ VMs only, sorted, with what they were made from', async (t) => {
  const world = memoryWorld(t)
  for (const name of ['dvm-b', 'dvm-a', 'dvm-builder', 'dvm-base', 'default', 'dvm-Odd'])
    addVm(world.memory, name)
  addVm(world.memory, 'dvm-c', '')
  config(world, 'a')
  const { generation } = await build(world)
  await world.deps.state.write('a', { generation: generation.metadata.generation })
  await world.deps.state.write('b', { generation: 'f'.repeat(64) })
  const rows = await listVms(world.deps, { onlyConfigured: false })
  assert.deepEqual(
    rows.map(({ name, state, behind, configured, generation }) => [
      name,
      state,
      behind,
      configured,
      generation !== null,
    ]),
    [
      ['a', 'Running', false, true, true],
      ['b', 'Running', true, false, true],
      ['c', 'Unknown', false, false, false],
    ],
  )
  const configured = await listVms(world.deps, { onlyConfigured: true })
  assert.deepEqual(
    configured.map(({ name }) => name),
    ['a'],
  )
})

test('stops what runs, and forces what is in an odd state; a missing or stopped one is no error', async (t) => {
  const world = memoryWorld(t)
  addVm(world.memory, 'dvm-a', 'Running')
  addVm(world.memory, 'dvm-b', 'Broken')
  addVm(world.memory, 'dvm-c', 'Stopped')
  addVm(world.memory, 'dvm-builder', 'Running')
  assert.deepEqual(await stoppableVms(world.deps, { onlyConfigured: false }), ['a', 'b'])
  for (const [vm, stopped] of Object.entries({ a: 'stopped', b: 'stopped', c: 'idle', none: 'missing' }))
    assert.equal(await stopVm(world.deps, vm), stopped, vm)
  assert.deepEqual(acts(world), ['stop dvm-a', 'stop dvm-b --force'])
  assert.equal((await failure(stopVm(world.deps, 'builder'))).code, 'refused')
})

test('removes a VM, its state and logs; the configuration only when asked', async (t) => {
  const world = memoryWorld(t)
  const file = config(world, 'app')
  addVm(world.memory, 'dvm-app', 'Running')
  await world.deps.state.write('app', { baseImage: 'x' })
  world.deps.logs.open(world.deps.logs.pathOf('app', 'setup')).close()
  world.write('.local/state/dvm/app/lima.yaml', 'x')
  const refused = await failure(removeVm(world.deps, 'app', { yes: false, force: false, config: true }))
  assert.deepEqual(
    [refused.code, refused.message, refused.hint],
    ['refused', 'removing app deletes everything inside it', 'dvm rm app --yes --config'],
  )
  assert.deepEqual(world.memory.calls, [])
  assert.deepEqual(await removeVm(world.deps, 'app', { yes: true, force: true, config: false }), {
    instance: true,
    meant: undefined,
    configDirectory: join(world.deps.env.configDir, 'vms/app'),
    configRemains: true,
  })
  assert.ok(existsSync(file))
  assert.equal(await world.deps.state.read('app'), undefined)
  assert.equal(
    existsSync(join(world.deps.env.stateDir, 'app')),
    false,
    'nothing of it is left in the state directory',
  )
  const again = await removeVm(world.deps, 'app', { yes: true, force: true, config: true })
  assert.deepEqual([again.instance, again.configRemains], [false, false])
  assert.equal(existsSync(file), false)
})

test('a configuration that is a link goes, what it leads to stays', async (t) => {
  const world = memoryWorld(t)
  const file = world.write('dotfiles/app/config.sh', '')
  mkdirSync(join(world.deps.env.configDir, 'vms'), { recursive: true })
  symlinkSync(join(world.home, 'dotfiles/app'), join(world.deps.env.configDir, 'vms/app'))
  const removed = await removeVm(world.deps, 'app', { yes: true, force: true, config: true })
  assert.equal(removed.configRemains, false)
  assert.ok(existsSync(file))
})

test('the builder, base and names that are none are out of reach', async (t) => {
  const world = memoryWorld(t)
  addVm(world.memory, 'dvm-builder')
  const names: readonly [string, string][] = [
    ['builder', 'refused'],
    ['base', 'refused'],
    ['dvm-builder', 'refused'],
    ['../x', 'usage'],
    ['', 'usage'],
  ]
  for (const [vm, code] of names) {
    assert.equal(
      (await failure(removeVm(world.deps, vm, { yes: true, force: true, config: true }))).code,
      code,
      vm,
    )
    const entered = enterTarget(world.deps, vm, { argv: [], tty: false, stdin: false, term: undefined })
    assert.equal((await failure(entered)).code, code, vm)
  }
  assert.deepEqual(world.memory.calls, [])
})

test('enters as DVM_USER in the code directory with the exact words, and gives the exit code back', async (t) => {
  const world = memoryWorld(t)
  world.write('.config/dvm/vms/app/config.sh', 'DVM_USER=me\n')
  addVm(world.memory, 'dvm-app')
  world.memory.attached = 42
  const argv = ['printf', '%s', "it's", '']
  assert.equal(await enterTarget(world.deps, 'app', { argv, tty: false, stdin: true, term: undefined }), 42)
  assert.deepEqual(acts(world), [
    `attach dvm-app {"tty":false,"stdin":true}: dvm|/home/me/code/app|${argv.join('|')}`,
  ])
})

test('starts a VM that is stopped, refuses one that is missing or in an odd state', async (t) => {
  const world = memoryWorld(t)
  const enter = (vm: string) =>
    enterTarget(world.deps, vm, { argv: ['true'], tty: false, stdin: false, term: undefined })
  addVm(world.memory, 'dvm-app', 'Stopped')
  assert.equal(await enter('app'), 0)
  assert.deepEqual(world.story, ['starting app'])
  assert.deepEqual(acts(world).slice(0, 1), ['start dvm-app'])
  addVm(world.memory, 'dvm-odd', 'Broken', { errors: ['no vm pid'] })
  const odd = await failure(enter('odd'))
  assert.deepEqual([odd.message, odd.hint, odd.tail], ['the VM odd is Broken', 'dvm sync odd', ['no vm pid']])
  const missing = await failure(enter('none'))
  assert.equal(missing.code, 'not-found')
  assert.match(missing.hint ?? '', /^dvm sync none/)
})

test('base status tells what there is, what changed, and who is building', async (t) => {
  const world = memoryWorld(t)
  const empty = await baseStatus(world.deps)
  assert.partialDeepStrictEqual(empty, {
    image: join(world.home, '.cache/dvm/base/disk.qcow2'),
    exists: false,
    current: null,
    kept: [],
    changes: null,
    problem: `there is no Containerfile in ${world.base}`,
    building: null,
    builder: null,
  })
  const first = (await build(world)).generation
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\nRUN true\n')
  const changed = await baseStatus(world.deps)
  assert.deepEqual(
    [changed.exists, changed.current, changed.changes],
    [true, first.metadata, ['Containerfile']],
  )
  assert.deepEqual(changed.builder, {
    instance: 'dvm-builder',
    state: 'Running',
    cpus: 4,
    memory: 4 * 1024 ** 3,
    disk: 50 * 1024 ** 3,
  })
  await buildBase(world.deps, { clean: false, noCache: false, bootTest: false, wait: true })
  const two = await baseStatus(world.deps)
  assert.deepEqual([two.kept, two.changes], [[first.metadata], []])
  await world.deps.locks.hold(
    'base',
    { wait: false, onWait: () => undefined, signal: world.deps.signal },
    async () => assert.equal((await baseStatus(world.deps)).building?.command, 'dvm test'),
  )
})

test('base rm removes the builder, the image, or both; nothing twice', async (t) => {
  const world = memoryWorld(t)
  await build(world)
  addVm(world.memory, 'dvm-app')
  assert.deepEqual(await removeBase(world.deps, { image: false, builder: true }), [
    'the builder VM dvm-builder',
  ])
  assert.ok(existsSync(world.deps.store.defaultImage))
  const root = join(world.home, '.cache/dvm/base')
  assert.deepEqual(
    await removeBase(world.deps, { image: true, builder: true }),
    ['current', 'disk.qcow2', 'metadata.json', 'generations'].map((name) => join(root, name)),
  )
  assert.deepEqual(await removeBase(world.deps, { image: true, builder: true }), [])
  assert.deepEqual([...world.memory.vms.keys()], ['dvm-app'])
})

test('base rm --image removes exactly the disk that DVM_BASE_IMAGE names', async (t) => {
  const world = memoryWorld(t, { DVM_BASE_IMAGE: '~/disks/mine.qcow2' })
  const disk = world.write('disks/mine.qcow2', 'x')
  const other = world.write('disks/other', 'x')
  assert.deepEqual(await removeBase(world.deps, { image: true, builder: false }), [disk])
  assert.ok(existsSync(other))
  assert.deepEqual(await removeBase(world.deps, { image: true, builder: false }), [])
  mkdirSync(disk)
  writeFileSync(join(disk, 'work'), 'x')
  assert.equal((await failure(removeBase(world.deps, { image: true, builder: false }))).code, 'refused')
  assert.ok(existsSync(join(disk, 'work')))
})
