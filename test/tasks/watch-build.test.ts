// `dvm watch` and the base: what a newer change does to a build that is under way, and what Ctrl-C leaves behind.
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'
import { watching, type Watching } from '../support/watching.ts'

const limit = { timeout: 30_000 }
const setUp = (t: TestContext): World => {
  const world = memoryWorld(t)
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  return world
}
/** A watch whose first build is over. */
const built = async (t: TestContext): Promise<{ world: World; watch: Watching }> => {
  const world = setUp(t)
  const watch = await watching(t, world)
  assert.deepEqual(await watch.lines(3), [
    'base: there is none yet, building',
    'base: there is no builder yet: making dvm-builder',
    'base HASH is ready',
  ])
  world.reset()
  return { world, watch }
}
/** Stops at the next call of that name, once; `go` lets it go on, and so does Ctrl-C. */
const holdUp = (world: World, name: string): { readonly there: Promise<void>; readonly go: () => void } => {
  const there = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  world.deps.signal.addEventListener('abort', () => gate.resolve())
  world.memory.at = async (call) => {
    if (!call.startsWith(name)) return
    world.memory.at = () => undefined
    there.resolve()
    await gate.promise
  }
  return { there: there.promise, go: () => gate.resolve() }
}
const count = (world: World, name: string): number =>
  world.memory.calls.filter((call) => call.startsWith(name)).length
/** The user's files of the base that is current. */
const inCurrent = async (world: World): Promise<readonly string[]> =>
  Object.keys((await world.deps.store.current())?.manifest.inputs.context ?? {})

test('the first look builds a base that is not current, and only names one that is', limit, async (t) => {
  const { world, watch } = await built(t)
  await watch.end()
  const again = memoryWorld(t, { HOME: world.home })
  const second = await watching(t, again)
  assert.deepEqual(await second.lines(1), ['base HASH is current'])
  assert.deepEqual(again.memory.calls, [])
})

test('a change builds; one that changes nothing says so; going back is no build', limit, async (t) => {
  const { world, watch } = await built(t)
  watch.save({ 'base/motd': 'one' })
  assert.deepEqual(await watch.lines(2), ['base: changed motd, building', 'base HASH is ready'])
  watch.save({ 'base/motd': 'one' })
  assert.deepEqual(await watch.lines(1), ['base: changed motd, nothing to build'])
  watch.save({ 'base/motd': 'two' })
  await watch.lines(2)
  const builds = count(world, 'build localhost/dvm-target')
  watch.save({ 'base/motd': 'one' })
  assert.deepEqual(await watch.lines(1), ['base HASH is current again'])
  assert.equal(count(world, 'build localhost/dvm-target'), builds)
})

for (const moment of ['create dvm-builder', 'ship', 'build localhost/dvm-target', 'check'])
  test(`a newer change ends a build at "${moment}"; both changes are built then`, limit, async (t) => {
    const { world, watch } = await built(t)
    if (moment.startsWith('create')) world.memory.vms.clear()
    const held = holdUp(world, moment)
    watch.save({ 'base/one': '1' })
    await held.there
    watch.save({ 'base/two': '2' })
    assert.deepEqual(await watch.lines(2), [
      'base: changed one, building',
      'base: changed two, stopping the build under way',
    ])
    held.go()
    assert.deepEqual(await watch.lines(2), ['base: changed one, two, building', 'base HASH is ready'])
    assert.equal(count(world, 'disk '), 1, 'only one disk was assembled')
    assert.deepEqual(await inCurrent(world), ['Containerfile', 'one', 'two'])
    assert.deepEqual(world.leftovers(), [])
  })

for (const moment of ['disk ', 'fetch', 'start dvm-base', 'tools'])
  test(`a build that is at "${moment}" is finished, then done again`, limit, async (t) => {
    const world = setUp(t)
    const watch = await watching(t, world, { bootTest: true })
    await watch.lines(3)
    world.reset()
    const held = holdUp(world, moment)
    watch.save({ 'base/one': '1' })
    await held.there
    // The options are asked beside the image builds; from here on the disk waits for them.
    while (count(world, 'check') === 0) await pause(1)
    const later = (name: string): string => `base: changed ${name}, building again after this one`
    watch.save({ 'base/two': '2' })
    assert.deepEqual(await watch.lines(2), ['base: changed one, building', later('two')])
    watch.save({ 'base/three': '3' })
    assert.deepEqual(await watch.lines(1), [later('three')])
    held.go()
    assert.deepEqual(await watch.lines(3), [
      'base HASH is ready',
      'base: changed two, three, building',
      'base HASH is ready',
    ])
    assert.equal(count(world, 'disk '), 2)
    assert.deepEqual(await inCurrent(world), ['Containerfile', 'one', 'three', 'two'])
  })

test('a sync is finished, then done again; the base does not wait for it', limit, async (t) => {
  const { world, watch } = await built(t)
  world.write('.config/dvm/vms/app/config.sh', '')
  addVm(world.memory, 'dvm-app', 'Running', { cpus: 6 })
  const held = holdUp(world, 'run dvm-app')
  watch.save({ 'vms/app/setup.sh': 'one\n' })
  await held.there
  watch.save({ 'vms/app/setup.sh': 'two\n' })
  assert.deepEqual(await watch.lines(2), [
    'app: changed setup.sh, syncing',
    'app: changed setup.sh, syncing again after this one',
  ])
  watch.save({ 'base/motd': 'x' })
  assert.deepEqual(await watch.lines(2), ['base: changed motd, building', 'base HASH is ready'])
  held.go()
  assert.deepEqual(await watch.lines(3), ['app: synced', 'app: changed setup.sh, syncing', 'app: synced'])
})

test(
  'a mistake in the Containerfile is told, and the old base stays until it is corrected',
  limit,
  async (t) => {
    const { world, watch } = await built(t)
    const old = await world.deps.store.current()
    watch.save({ 'base/Containerfile': 'FROM debian\n' })
    assert.deepEqual(await watch.lines(2), [
      'base: ~/.config/dvm/base/Containerfile:1: the image is made FROM debian, not FROM dvm-base',
      '  try: make its last stage start with: FROM dvm-base',
    ])
    assert.deepEqual(await world.deps.store.current(), old)
    watch.save({ 'base/Containerfile': 'FROM dvm-base\n' })
    assert.deepEqual(await watch.lines(1), ['base: changed Containerfile, nothing to build'])
  },
)

test(
  'a build waits for another dvm’s, and says for whom; a newer change does not wait with it',
  limit,
  async (t) => {
    const { world, watch } = await built(t)
    const free = Promise.withResolvers<void>()
    const taken = Promise.withResolvers<void>()
    const other = world.deps.locks.hold(
      'base',
      { wait: true, signal: world.deps.signal, onWait: () => undefined },
      () => {
        taken.resolve()
        return free.promise
      },
    )
    await taken.promise
    watch.save({ 'base/one': '1' })
    assert.deepEqual(await watch.lines(1), ['base: waiting for dvm test (pid N)'])
    watch.save({ 'base/two': '2' })
    assert.deepEqual(await watch.lines(1), ['base: changed two, stopping the build under way'])
    free.resolve()
    await other
    const told = await watch.lines(2)
    assert.deepEqual(told.slice(-2), ['base: changed one, two, building', 'base HASH is ready'])
  },
)

for (const moment of ['start dvm-builder', 'ship', 'build localhost/dvm-target', 'disk ', 'fetch'])
  test(`Ctrl-C while a build is at "${moment}": it is taken back before the watch ends`, limit, async (t) => {
    const { world, watch } = await built(t)
    const old = await world.deps.store.current()
    if (moment.startsWith('start')) world.memory.vms.clear()
    const held = holdUp(world, moment)
    watch.save({ 'base/one': '1' })
    await held.there
    await watch.end()
    assert.deepEqual(watch.told(), ['base: changed one, building'])
    assert.deepEqual(await world.deps.store.current(), old)
    assert.deepEqual(
      [world.leftovers(), world.memory.vms.has('dvm-base'), world.watcher.watching],
      [[], false, 0],
    )
    if (world.memory.vms.get('dvm-builder')?.instance.status === 'Running')
      assert.equal(world.memory.calls.at(-1), 'undo sweep end')
    assert.equal(await world.deps.locks.holder('base'), undefined)
  })

test('Ctrl-C in the middle of a sync stops what it runs in the guest', limit, async (t) => {
  const world = memoryWorld(t)
  world.write('.config/dvm/vms/app/config.sh', '')
  addVm(world.memory, 'dvm-app', 'Running', { cpus: 6 })
  const watch = await watching(t, world)
  const held = holdUp(world, 'run dvm-app')
  watch.save({ 'vms/app/setup.sh': 'sleep 1000\n' })
  await held.there
  await watch.end()
  assert.deepEqual(watch.told(), ['app: changed setup.sh, syncing'])
  assert.equal(world.memory.calls.at(-1), 'undo run dvm-app: sudo bash -s')
  assert.equal(await world.deps.locks.holder('vm:app'), undefined)
})

test('a linked Containerfile that is away for a moment is told, and seen again', limit, async (t) => {
  const world = memoryWorld(t)
  const dotfile = world.write('dotfiles/Containerfile', 'FROM dvm-base\n')
  mkdirSync(world.base, { recursive: true, mode: 0o700 })
  symlinkSync(dotfile, join(world.base, 'Containerfile'))
  const watch = await watching(t, world)
  await watch.lines(3)
  rmSync(dotfile)
  watch.save({ 'base/motd': 'one' })
  assert.deepEqual(await watch.lines(2), [
    'base: ~/.config/dvm/base/Containerfile is a link that leads nowhere',
    `  try: see where it should lead: ls -l '${world.base}/Containerfile'`,
  ])
  world.write('dotfiles/Containerfile', 'FROM dvm-base\n')
  watch.save({ 'base/motd': 'two' })
  assert.deepEqual(await watch.lines(2), ['base: changed motd, building', 'base HASH is ready'])
})
