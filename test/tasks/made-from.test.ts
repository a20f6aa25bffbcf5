// What a VM was made from is known while it is made, so that a kill in between costs nothing; of one that was taken back nothing is said.
import assert from 'node:assert/strict'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { publish } from '../support/generations.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const name = 'dvm-app'

const configure = (world: World, config = 'DVM_CPUS=2\n'): void => {
  world.write('.config/dvm/vms/app/config.sh', config)
  world.memory.run = () => ({})
}
const sync = (world: World) => syncVm(world.deps, 'app', { wait: true })

test('what a VM is made from is known before Lima makes it, for a dvm that is killed meanwhile', async (t) => {
  const world = memoryWorld(t)
  configure(world, 'DVM_CPUS=2\nDVM_DISK=30\nDVM_PORTS=(1:2)\n')
  await publish(world.deps.store)
  const never = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  world.memory.at = (call) => {
    if (call !== `create ${name}`) return undefined
    begun.resolve()
    return never.promise
  }
  const killed = sync(world)
  await begun.promise
  const { generation, ports } = (await world.deps.state.read('app')) ?? {}
  never.reject(new DvmError('failed', 'no space left'))
  await assert.rejects(killed, /no space left/)
  assert.deepEqual([generation, ports], ['a'.repeat(64), ['1:2']])
})

const undone: readonly [string, (world: World) => void][] = [
  ['cannot be made', () => assert.fail('no space left')],
  ['does not come up', () => undefined],
  ['is interrupted', (world) => world.interrupt()],
  ['was made by somebody else meanwhile', (world) => void addVm(world.memory, name, 'Stopped')],
]
for (const [what, happens] of undone)
  test(`a VM that ${what}: nothing is said of what it was made from`, async (t) => {
    const world = memoryWorld(t)
    configure(world)
    await publish(world.deps.store)
    await sync(world)
    assert.equal((await world.deps.state.read('app'))?.generation, 'a'.repeat(64))
    world.memory.vms.clear()
    world.memory.at = (call) => {
      if (call === `create ${name}`) happens(world)
      if (call === `start ${name}`) throw new DvmError('failed', 'no boot')
    }
    await assert.rejects(sync(world))
    const { config: _, ...left } = (await world.deps.state.read('app')) ?? {}
    assert.deepEqual(left, {})
  })

test('what a failed creation leaves behind, and the next sync takes up, stays known', async (t) => {
  const world = memoryWorld(t)
  configure(world)
  await publish(world.deps.store)
  world.memory.at = (call) => {
    if (call !== `create ${name}`) return
    addVm(world.memory, name, 'Stopped')
    throw new DvmError('failed', 'no space left')
  }
  await assert.rejects(sync(world), /no space left/)
  assert.equal((await world.deps.state.read('app'))?.generation, 'a'.repeat(64))
})

test('a VM that came up stays, also when dvm is interrupted before it has looked', async (t) => {
  const world = memoryWorld(t)
  configure(world)
  await publish(world.deps.store)
  world.memory.at = (call) => {
    if (call === 'list' && world.memory.calls.includes(`start ${name}`)) world.interrupt()
  }
  await assert.rejects(sync(world))
  assert.equal(world.memory.vms.get(name)?.instance.status, 'Running')
  assert.equal((await world.deps.state.read('app'))?.generation, 'a'.repeat(64))
})

test('one that cannot be taken back is told after what the run failed of, and what it was made from stays known', async (t) => {
  const world = memoryWorld(t)
  configure(world)
  await publish(world.deps.store)
  world.memory.at = (call) => {
    if (call === `start ${name}`) throw new DvmError('failed', 'no boot')
    if (call.startsWith('undo delete')) throw new DvmError('failed', 'no delete')
  }
  await assert.rejects(sync(world), /no boot/)
  assert.equal(world.story.at(-1), 'warning: app could not be removed again: no delete (dvm rm app --yes)')
  assert.equal((await world.deps.state.read('app'))?.generation, 'a'.repeat(64))
})
