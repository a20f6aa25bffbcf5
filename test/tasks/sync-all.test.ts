// `sync --all`: side by side as far as memory goes, and one VM's failure stops nobody else.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { boundOf } from '../../src/core/side-by-side.ts'
import type { Instance } from '../../src/ports/lima/index.ts'
import type { Deps } from '../../src/tasks/deps.ts'
import { configuredVms } from '../../src/tasks/known-names.ts'
import { syncAll } from '../../src/tasks/sync-all.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld } from '../support/memory-world.ts'

const gib = 1024 ** 3
const bounds: readonly [string, number, readonly number[], number, number][] = [
  ['nothing has to be started', 1, [], 5, 5],
  ['nothing has to be started, of many', 1, [], 50, 8],
  ['all fit', 8, [2, 2, 2], 3, 3],
  ['two of three fit', 5, [2, 2, 2], 3, 2],
  ['the biggest ones decide', 9, [1, 8, 1], 3, 2],
  ['not even one fits: one at a time all the same', 1, [2, 2], 2, 1],
  ['one has to be started, the others run', 3, [2], 6, 4],
]
for (const [name, memory, needs, all, bound] of bounds)
  test(`how many at the same time: ${name}`, () =>
    assert.equal(
      boundOf(
        { memory: memory * gib, cpus: 4 },
        needs.map((need) => need * gib),
        all,
      ),
      bound,
    ))

const setUp = (t: TestContext, vms: readonly string[]) => {
  const world = memoryWorld(t)
  for (const vm of vms) world.write(`.config/dvm/vms/${vm}/config.sh`, 'DVM_CPUS=2\nDVM_DISK=30\n')
  return world
}

test('one that fails does not stop the others, and is told by name', async (t) => {
  const world = setUp(t, ['a', 'b', 'c', 'Not-a-VM'])
  const names = await configuredVms(world.deps)
  assert.deepEqual(names, ['a', 'b', 'c'])
  world.memory.at = (call) => {
    if (call === 'start dvm-b') throw new DvmError('failed', 'no')
  }
  const failures = await syncAll(world.deps, names, { wait: true, jobs: undefined })
  assert.deepEqual(
    failures.map((error) => (error as DvmError).message),
    ['b: no'],
  )
  assert.deepEqual([...world.memory.vms.keys()].sort(), ['dvm-a', 'dvm-c'])
  assert.deepEqual([...world.story].sort(), ['2 of 3 VMs are ready', '✔ a', '✔ c', '✖ b'])
})

test('a condition of the machine is told by name as well', async (t) => {
  const world = setUp(t, ['a', 'b'])
  world.write('.local/state/dvm/b', 'a file in the place of a directory')
  const [error] = await syncAll(world.deps, ['a', 'b'], { wait: true, jobs: undefined })
  assert.ok(error instanceof DvmError)
  assert.match(error.message, /^b: /)
})

const machines: readonly (readonly [string, Partial<Instance>, number, number])[] = [
  ['none runs', { status: 'Stopped', memory: 16 * gib }, 16, 4],
  ['a stranger runs', { memory: 10 * gib }, 16, 3],
  ['a stranger has nearly all', { memory: 15 * gib }, 16, 1],
  ['a stranger has more than there is', { memory: 20 * gib }, 16, 1],
]
for (const [what, { status = 'Running', ...change }, memory, bound] of machines)
  test(`how many at the same time is what running VMs leave of all memory: ${what}`, async (t) => {
    const names = ['a', 'b', 'c', 'd']
    const world = setUp(t, names)
    addVm(world.memory, 'stranger', status, change)
    const limits: number[] = []
    const deps: Deps = {
      ...world.deps,
      host: { ...world.deps.host, memory: memory * gib },
      runSideBySide: (_, limit) => {
        limits.push(limit)
        return Promise.resolve([])
      },
    }
    await syncAll(deps, names, { wait: true, jobs: undefined })
    await syncAll(deps, names, { wait: true, jobs: 7 })
    assert.deepEqual(limits, [bound, 7])
  })

for (const jobs of [1, 2, 3])
  test(`never more than --jobs ${jobs} at the same time, and as many`, async (t) => {
    const names = ['a', 'b', 'c', 'd']
    const world = setUp(t, names)
    let now = 0
    let done = 0
    let seen = 0
    world.memory.at = async (call) => {
      if (!call.startsWith('create ')) return
      now += 1
      seen = Math.max(seen, now)
      // Goes on when as many are here as may be, or when those that should come do not.
      const all = (): boolean => now + done >= Math.min(names.length, done + jobs)
      for (let turn = 0; turn < 20_000 && !all(); turn += 1)
        await new Promise((resolve) => setImmediate(resolve))
      now -= 1
      done += 1
    }
    assert.deepEqual(await syncAll(world.deps, names, { wait: true, jobs }), [])
    assert.equal(seen, jobs)
  })

test('what a VM has to say comes with its name', async (t) => {
  const world = setUp(t, ['a'])
  addVm(world.memory, 'dvm-a', 'Broken', { cpus: 4 })
  assert.deepEqual(await syncAll(world.deps, ['a'], { wait: true, jobs: undefined }), [])
  assert.deepEqual(world.story, [
    '  a: Lima says that it is Broken',
    '  a: a keeps what it was created with: 4 CPUs (config: 2); to change it: dvm recreate a --yes',
    '✔ a',
  ])
})

test('interrupted: what was being made is taken back, and nothing else is begun', async (t) => {
  const world = setUp(t, ['a', 'b'])
  world.memory.at = (call) => {
    if (call === 'start dvm-a') world.interrupt()
  }
  await assert.rejects(syncAll(world.deps, ['a', 'b'], { wait: true, jobs: 1 }), { name: 'Interrupted' })
  assert.deepEqual([...world.memory.vms.keys()], [])
})

test('all of none says what to do', async (t) => {
  const world = setUp(t, [])
  assert.deepEqual(await syncAll(world.deps, [], { wait: true, jobs: undefined }), [])
  assert.deepEqual(world.story, ['no VM has a configuration yet: dvm new NAME'])
})
