// `dvm watch`: what a saved file sets in motion, and what is told of it. What stops and waits for what is in watch-build.test.ts.
import assert from 'node:assert/strict'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { setupMarker } from '../../src/core/guest-script.ts'
import type { InstanceStatus } from '../../src/ports/lima/index.ts'
import { watchFiles } from '../../src/tasks/watch.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'
import { watching } from '../support/watching.ts'

const limit = { timeout: 30_000 }
const put = (world: World, ...paths: readonly string[]): void => {
  for (const path of paths) world.write(`.config/dvm/${path}`, '')
}
/** One whose size is what the configuration says by default. */
const add = (world: World, name: string, status: InstanceStatus = 'Running'): void =>
  void addVm(world.memory, name, status, { cpus: 6 })
/** Which VMs were prepared, in order. */
const synced = (world: World): readonly string[] =>
  world.memory.calls.flatMap((call) => /^run dvm-(\S+): bash -s -- dvm:sync/.exec(call)?.[1] ?? [])

test('a VM is synced when one of its files is saved, and no other one', limit, async (t) => {
  const world = memoryWorld(t)
  put(world, 'vms/app/setup.sh', 'vms/web/setup.sh')
  add(world, 'dvm-app')
  add(world, 'dvm-web')
  const watch = await watching(t, world)
  assert.deepEqual(watch.told(), [])
  watch.save({ 'vms/app/setup.sh': 'echo hello\n' })
  assert.deepEqual(await watch.lines(2), ['app: changed setup.sh, syncing', 'app: synced'])
  watch.save({ 'vms/app/config.sh': 'DVM_CPUS=6\n' })
  assert.deepEqual(await watch.lines(2), ['app: changed config.sh, syncing', 'app: synced'])
  assert.deepEqual(synced(world), ['app', 'app'])
  await watch.end()
  assert.equal(world.watcher.watching, 0)
})

test('the first line says what is watched; Lima is not asked for it', limit, async (t) => {
  const world = memoryWorld(t)
  put(
    world,
    'vms/web/config.sh',
    'vms/app/config.sh',
    'vms/base/config.sh',
    'vms/builder/config.sh',
    'vms/no VM/x',
  )
  const told: unknown[] = []
  const over = watchFiles(world.deps, {
    vm: undefined,
    bootTest: true,
    tell: (story) => {
      told.push(story)
      world.interrupt()
    },
  })
  await assert.rejects(over, { name: 'Interrupted' })
  assert.deepEqual(told, [
    { kind: 'watching', baseDir: world.base, hasContainerfile: false, vms: ['app', 'web'] },
  ])
  assert.deepEqual(world.memory.calls, [])
})

test('saves that follow each other at once are one change', limit, async (t) => {
  const world = memoryWorld(t)
  add(world, 'dvm-app')
  put(world, 'vms/app/config.sh')
  const watch = await watching(t, world)
  const path = (name: string): string => world.write(`.config/dvm/vms/app/${name}`, '')
  world.watcher.touch(path('setup.sh'))
  world.watcher.touch(path('setup.sh~'), path('.setup.sh.swp'), path('4913'))
  world.watcher.touch(path('setup.sh'), path('config.sh'))
  assert.deepEqual(watch.timer.waiting, [5000, 300])
  assert.deepEqual(world.memory.calls, [])
  watch.timer.run()
  assert.deepEqual(await watch.lines(2), ['app: changed setup.sh, config.sh, syncing', 'app: synced'])
  world.watcher.touch(path('setup.sh~'), path('.#setup.sh'))
  assert.deepEqual(watch.timer.waiting, [], 'nobody waits for what an editor keeps')
})

test(
  'a stopped VM is started for its own file; one that was never made is only told of',
  limit,
  async (t) => {
    const world = memoryWorld(t)
    put(world, 'vms/app/config.sh', 'vms/new/config.sh')
    add(world, 'dvm-app', 'Stopped')
    const watch = await watching(t, world)
    watch.save({ 'vms/app/setup.sh': 'true\n' })
    assert.deepEqual(await watch.lines(2), ['app: changed setup.sh, syncing', 'app: synced'])
    assert.ok(world.memory.calls.includes('start dvm-app'))
    watch.save({ 'vms/new/setup.sh': 'true\n' })
    assert.deepEqual(await watch.lines(1), [
      'new: changed setup.sh, but there is no such VM yet: dvm sync new',
    ])
    assert.ok(!world.memory.vms.has('dvm-new'))
  },
)

test('what all VMs share syncs those that run', limit, async (t) => {
  const world = memoryWorld(t)
  put(world, 'vms/app/config.sh', 'vms/off/config.sh', 'vms/new/config.sh')
  add(world, 'dvm-app')
  add(world, 'dvm-off', 'Stopped')
  const watch = await watching(t, world)
  watch.save({ 'config.sh': 'DVM_USER=me\n' })
  assert.deepEqual(await watch.lines(2), ['app: changed the shared config.sh, syncing', 'app: synced'])
  assert.deepEqual(synced(world), ['app'])
})

test('what the dev-base is made from syncs the VMs that run projects', limit, async (t) => {
  const world = memoryWorld(t)
  put(world, 'vms/app/projects/api/project.sh', 'vms/web/config.sh')
  add(world, 'dvm-app')
  add(world, 'dvm-web')
  const watch = await watching(t, world)
  watch.save({ 'base/packages.txt': 'jq\n' })
  assert.deepEqual(await watch.lines(2), ['app: changed base/packages.txt, syncing', 'app: synced'])
  assert.deepEqual(synced(world), ['app'])
})

test('with a VM named, it alone is synced, and made when it does not exist', limit, async (t) => {
  const world = memoryWorld(t)
  put(world, 'vms/app/config.sh', 'vms/web/config.sh')
  add(world, 'dvm-web')
  const watch = await watching(t, world, { vm: 'app' })
  watch.save({ 'vms/web/setup.sh': 'true\n' })
  watch.save({ 'vms/app/setup.sh': 'true\n', 'config.sh': 'DVM_CPUS=2\n' })
  assert.deepEqual(await watch.lines(2), [
    'app: changed the shared config.sh, setup.sh, syncing',
    'app: synced',
  ])
  assert.equal(world.memory.vms.get('dvm-app')?.instance.status, 'Running')
  assert.deepEqual(synced(world), ['app'])
})

test('a VM without a configuration is an error, before anything is watched', async (t) => {
  const world = memoryWorld(t)
  put(world, 'vms/app/config.sh')
  const start = (vm: string) => watchFiles(world.deps, { vm, bootTest: true, tell: () => undefined })
  await assert.rejects(start('ap'), { code: 'not-found', hint: 'dvm watch app, or for a new VM: dvm new ap' })
  await assert.rejects(start('App'), { code: 'usage' })
  await assert.rejects(start('base'), { code: 'refused' })
  assert.equal(world.watcher.watching, 0)
})

test('a failure is told with what to type, and the next save is a new try', limit, async (t) => {
  const world = memoryWorld(t)
  put(world, 'vms/app/config.sh')
  add(world, 'dvm-app')
  world.memory.run = () => ({ exitCode: 3, stdout: `${setupMarker}\n` })
  const watch = await watching(t, world)
  watch.save({ 'vms/app/setup.sh': 'exit 3\n' })
  assert.deepEqual(await watch.lines(3), [
    'app: changed setup.sh, syncing',
    'app: ~/.config/dvm/vms/app/setup.sh ended with exit code 3',
    '  try: correct it, then: dvm sync app (log: ~/.local/state/dvm/app/setup.log)',
  ])
  watch.save({ 'vms/app/config.sh': 'DVM_CPUS=two\nDVM_MEMORY=x\n' })
  const [, problems = ''] = await watch.lines(2)
  assert.match(
    problems,
    /^app: the configuration has 2 problems: \S+config\.sh: DVM_CPUS .*; \S+: DVM_MEMORY /,
  )
  world.memory.run = () => ({})
  watch.save({ 'vms/app/config.sh': '' })
  assert.deepEqual(await watch.lines(2), ['app: changed config.sh, syncing', 'app: synced'])
})

test('a Lima that does not answer is told of, and asked again at the next save', limit, async (t) => {
  const world = memoryWorld(t)
  put(world, 'vms/app/config.sh')
  add(world, 'dvm-app')
  const watch = await watching(t, world)
  world.memory.at = (call) => {
    if (call === 'list') throw new DvmError('tool', 'limactl is not there', { hint: 'install Lima' })
  }
  watch.save({ 'vms/app/setup.sh': 'true\n' })
  assert.deepEqual(await watch.lines(2), ['app: limactl is not there', '  try: install Lima'])
  watch.save({ 'config.sh': '' })
  assert.deepEqual(await watch.lines(2), ['VMs: limactl is not there', '  try: install Lima'])
  world.memory.at = () => undefined
  watch.save({ 'vms/app/setup.sh': 'true\n' })
  assert.deepEqual(await watch.lines(2), ['app: changed setup.sh, syncing', 'app: synced'])
})

test('what a VM has to say is said once, not at every sync', limit, async (t) => {
  const world = memoryWorld(t)
  put(world, 'vms/app/config.sh')
  addVm(world.memory, 'dvm-app', 'Running', { cpus: 4 })
  const watch = await watching(t, world)
  watch.save({ 'vms/app/config.sh': 'DVM_CPUS=2\n' })
  const [begun, said] = await watch.lines(3)
  assert.equal(begun, 'app: changed config.sh, syncing')
  assert.match(said ?? '', /^app: app keeps what it was created with: /)
  watch.save({ 'vms/app/setup.sh': 'true\n' })
  assert.deepEqual(await watch.lines(2), ['app: changed setup.sh, syncing', 'app: synced'])
})

test('a system that watches no more ends it with its error; so does a bug', limit, async (t) => {
  const lost = memoryWorld(t)
  const first = await watching(t, lost)
  lost.watcher.lose(new DvmError('failed', 'the system watches no more files'))
  assert.equal(String(await first.over), 'DvmError: the system watches no more files')
  const bug = memoryWorld(t)
  put(bug, 'vms/app/config.sh')
  add(bug, 'dvm-app')
  bug.memory.run = () => {
    throw new TypeError('x is not a function')
  }
  const second = await watching(t, bug)
  second.save({ 'vms/app/setup.sh': 'true\n' })
  assert.equal(String(await second.over), 'TypeError: x is not a function')
  assert.deepEqual([lost.watcher.watching, bug.watcher.watching], [0, 0])
})
