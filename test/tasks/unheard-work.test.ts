// Work in a guest whose end nobody heard of: after a lost connection or a kill the next sync stops it first, and says so.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { workFile } from '../../src/core/guest-work.ts'
import { DvmError } from '../../src/core/errors.ts'
import { setupMarker } from '../../src/core/guest-script.ts'
import { runningVm } from '../../src/tasks/running-vm.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld } from '../support/memory-world.ts'

const [prepare, stop] = ['run dvm-app: bash -s -- dvm:sync', 'run dvm-app: sudo bash -s']
const told = '  the last sync of app was cut off: stopping what it left running in it'

const setUp = (t: TestContext) => {
  const world = memoryWorld(t)
  world.memory.run = () => ({})
  world.write('.config/dvm/vms/app/config.sh', 'DVM_CPUS=2\n')
  world.write('.config/dvm/vms/app/setup.sh', 'sleep 1000\n')
  addVm(world.memory, 'dvm-app', 'Running')
  const mark = workFile(world.deps.env.stateDir, 'app')
  return {
    world,
    sync: () => syncVm(world.deps, 'app', { wait: true }),
    marked: () => existsSync(mark),
    acts: () => world.reset().filter((call) => call !== 'list'),
    /** The connection is lost while these calls last. */
    lose: (...calls: readonly string[]) => {
      world.memory.at = (call) => {
        if (calls.includes(call)) throw new DvmError('failed', 'dvm-app does not answer over ssh')
      }
    },
  }
}

test('a connection that is lost leaves a mark; the next sync stops what runs in the guest, once', async (t) => {
  const { world, sync, marked, acts, lose } = setUp(t)
  lose(prepare)
  await assert.rejects(sync())
  assert.deepEqual([marked(), acts()], [true, [prepare]])
  lose()
  await sync()
  assert.equal(world.story[0], told)
  assert.deepEqual([marked(), acts()], [false, [stop, prepare]])
  await sync()
  assert.deepEqual([[...world.story], acts()], [['✔ Prepare app and run its setup.sh'], [prepare]])
})

test('what the next sync cannot stop stays marked', async (t) => {
  const { sync, marked, acts, lose } = setUp(t)
  lose(prepare)
  await assert.rejects(sync())
  lose(stop)
  await assert.rejects(sync())
  assert.deepEqual([marked(), acts().slice(1)], [true, [stop]])
})

test('while work runs there is a mark, for a dvm that is killed; a setup.sh that fails has ended', async (t) => {
  const { world, sync, marked, acts } = setUp(t)
  const during: boolean[] = []
  world.memory.run = () => {
    during.push(marked())
    return { exitCode: 3, stdout: `${setupMarker}\n` }
  }
  await assert.rejects(sync(), /ended with exit code 3/)
  await assert.rejects(sync(), /ended with exit code 3/)
  assert.deepEqual([during, marked(), acts()], [[true, true], false, [prepare, prepare]])
})

for (const exitCode of [255, undefined])
  test(`a way in that ends with ${exitCode} has heard of no end`, async (t) => {
    const { world, sync, marked } = setUp(t)
    world.memory.run = () => ({ exitCode })
    await assert.rejects(sync())
    assert.equal(marked(), true)
  })

test('a sync does not run beside what it could not stop', async (t) => {
  const { world, sync, marked, acts, lose } = setUp(t)
  lose(prepare)
  await assert.rejects(sync())
  lose()
  world.memory.run = () => ({ exitCode: 1 })
  acts()
  await assert.rejects(sync(), {
    message: 'what the last sync of app left running in it could not be stopped',
    hint: 'dvm stop app, then: dvm sync app',
  })
  assert.deepEqual([marked(), acts()], [true, [stop]])
})

test('a VM that was started in between runs nothing of it, whoever started it', async (t) => {
  const { world, sync, marked, lose } = setUp(t)
  lose(prepare)
  await assert.rejects(sync())
  lose()
  addVm(world.memory, 'dvm-app', 'Stopped')
  await runningVm(world.deps, { vm: 'app', project: undefined }, () => '')
  assert.equal(marked(), false)
})

test('a VM that is started runs nothing of the last sync', async (t) => {
  const { world, sync, marked, acts, lose } = setUp(t)
  lose(prepare)
  await assert.rejects(sync())
  lose()
  addVm(world.memory, 'dvm-app', 'Stopped')
  acts()
  await sync()
  assert.deepEqual([marked(), acts()], [false, ['start dvm-app', prepare]])
})

test('Ctrl-C stops the work at once, so nothing is left for the next sync; a VM that goes takes the mark along', async (t) => {
  const { world, sync, marked, acts, lose } = setUp(t)
  world.memory.at = (call) => {
    if (call === prepare) world.interrupt()
  }
  await assert.rejects(sync())
  assert.deepEqual([marked(), acts()], [false, [prepare, `undo ${stop}`]])
  const other = setUp(t)
  other.lose(prepare)
  await assert.rejects(other.sync())
  await other.world.deps.state.remove('app')
  assert.equal(existsSync(join(other.world.deps.env.stateDir, 'app')), false)
  lose()
})
