// What `ls` remembers of configurations that were edited after the last sync.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import type { BashConfig } from '../../src/ports/bash-config.ts'
import { listVms } from '../../src/tasks/list-vms.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld } from '../support/memory-world.ts'

/** VMs that were synced before their shared configuration was edited. */
const setUp = async (t: TestContext, vms: readonly string[], readConfig: BashConfig['readConfig']) => {
  let evaluated = 0
  const counted: BashConfig = {
    readConfig: (...asked) => {
      evaluated += 1
      return readConfig(...asked)
    },
  }
  const world = memoryWorld(t, {}, () => ({ config: counted }))
  world.write('.config/dvm/config.sh', 'DVM_CPUS=3\n')
  const config = { cpus: 2, memory: 2, disk: 30, ports: [], stamp: 'of other files' }
  for (const vm of vms) {
    addVm(world.memory, `dvm-${vm}`)
    world.write(`.config/dvm/vms/${vm}/config.sh`, '')
    await world.deps.state.write(vm, { config })
  }
  /** How many were evaluated by one `ls`, and what it told. */
  const look = async () => {
    evaluated = 0
    world.reset()
    const rows = await listVms(world.deps, { onlyConfigured: false })
    return { evaluated, drift: rows.flatMap((row) => row.drift), story: [...world.story] }
  }
  return { world, look }
}

test('after one edit of the shared file each VM is evaluated once, not at each ls', async (t) => {
  const cpus = { DVM_CPUS: { value: '3', file: 'config.sh' } }
  const { look } = await setUp(t, ['a', 'b', 'c'], () => Promise.resolve(cpus))
  const drift = Array.from({ length: 3 }, () => '2 CPUs (config: 3)')
  for (const evaluated of [3, 0, 0]) assert.deepEqual(await look(), { evaluated, drift, story: [] })
})

test('one that hangs costs its time once, and is told each time', async (t) => {
  const problem = 'config.sh did not come to its end within 10 s'
  const { look } = await setUp(t, ['a'], () => Promise.reject(new DvmError('config', problem)))
  for (const evaluated of [1, 0])
    assert.deepEqual(await look(), { evaluated, drift: [], story: [`warning: a: ${problem}`] })
})

test('what an edit need not mend is looked at each time', async (t) => {
  const { look } = await setUp(t, ['a'], () => Promise.reject(new DvmError('tool', 'bash is not installed')))
  for (const _ of ['first', 'again']) assert.equal((await look()).evaluated, 1)
})

test('VMs are listed where nothing can be remembered, and an interrupted look remembers nothing', async (t) => {
  const { look, world } = await setUp(t, ['a'], () => Promise.resolve({}))
  mkdirSync(join(world.home, '.local/state/dvm/a/evaluated.json'))
  for (const _ of ['first', 'again']) assert.equal((await look()).evaluated, 1)
  const other = await setUp(t, ['b'], () => {
    other.world.interrupt()
    return Promise.reject(new DvmError('config', 'stopped bash before the end of the file'))
  })
  await assert.rejects(other.look())
  assert.equal(await other.world.deps.state.evaluation('b'), undefined)
})
