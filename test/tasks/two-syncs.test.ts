// Two syncs of one VM: the second waits, says for whom, looks again, and does what is then left to do.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { DvmError } from '../../src/core/errors.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { removeVm } from '../../src/tasks/vms.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld } from '../support/memory-world.ts'

const setUp = (t: TestContext) => {
  const world = memoryWorld(t)
  world.write('.config/dvm/vms/app/config.sh', 'DVM_CPUS=2\nDVM_MEMORY=2\nDVM_DISK=30\n')
  world.memory.run = () => ({})
  return world
}

/** Begins a command and stops it at a call of Lima's; a second sync waits for it. */
const overtaken = async (
  world: ReturnType<typeof setUp>,
  call: string,
  first: () => Promise<unknown>,
): Promise<{ readonly waited: string; readonly finish: () => Promise<readonly string[]> }> => {
  const begun = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  let held = false
  world.memory.at = async (text) => {
    if (text !== call || held) return
    held = true
    begun.resolve()
    await go.promise
  }
  const running = first()
  await begun.promise
  const waits = Promise.withResolvers<string>()
  const report = { ...world.deps.report, note: (line: string) => waits.resolve(line) }
  const second = syncVm({ ...world.deps, report }, 'app', { wait: true })
  const waited = await waits.promise
  return {
    waited,
    finish: async () => {
      const before = world.memory.calls.length
      go.resolve()
      await running
      await second
      return world.memory.calls.slice(before)
    },
  }
}

test('the second finds the VM that the first was making, and only prepares it', async (t) => {
  const world = setUp(t)
  const { waited, finish } = await overtaken(world, 'create dvm-app', () =>
    syncVm(world.deps, 'app', { wait: true }),
  )
  assert.match(waited, /^waiting for dvm test \(pid \d+, since [\d: -]+ UTC\)$/)
  assert.deepEqual(
    (await finish()).filter((call) => call !== 'list'),
    ['start dvm-app', 'run dvm-app: bash -s -- dvm:sync', 'run dvm-app: bash -s -- dvm:sync'],
  )
  assert.equal(world.memory.vms.get('dvm-app')?.instance.status, 'Running')
  assert.equal(await world.deps.locks.holder('vm:app'), undefined)
})

test('what ran before the wait may be gone after it: then it is made', async (t) => {
  const world = setUp(t)
  addVm(world.memory, 'dvm-app', 'Running')
  const { finish } = await overtaken(world, 'delete dvm-app --force', () =>
    removeVm(world.deps, 'app', { yes: true, force: true, config: false }),
  )
  assert.deepEqual(
    (await finish()).filter((call) => !['list', 'version'].includes(call)),
    ['create dvm-app', 'start dvm-app', 'run dvm-app: bash -s -- dvm:sync'],
  )
})

test('told not to wait it fails at once, naming the other, and touches nothing', async (t) => {
  const world = setUp(t)
  const { finish } = await overtaken(world, 'start dvm-app', () => syncVm(world.deps, 'app', { wait: true }))
  const before = world.memory.calls.length
  await assert.rejects(syncVm(world.deps, 'app', { wait: false }), (error: DvmError) => {
    assert.deepEqual([error.code, error.exitCode], ['busy', 7])
    assert.match(error.message, /^vm:app is in use by dvm test \(pid \d+, since /)
    assert.equal(error.hint, 'wait for it to end, or leave out --no-wait')
    return true
  })
  assert.deepEqual(world.memory.calls.slice(before), ['list'])
  await finish()
})

test('an interruption ends the wait', async (t) => {
  const world = setUp(t)
  await world.deps.locks.hold(
    'vm:app',
    { wait: true, onWait: () => undefined, signal: new AbortController().signal },
    async () => {
      const report = { ...world.deps.report, note: () => world.interrupt() }
      await assert.rejects(syncVm({ ...world.deps, report }, 'app', { wait: true }), { name: 'Interrupted' })
    },
  )
  assert.deepEqual(world.memory.calls, ['list'])
})
