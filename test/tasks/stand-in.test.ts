// A base made from packages because no registry answered: it has the hash of the pin, so status must say what it is.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { buildBase } from '../../src/tasks/base-build.ts'
import { baseStatus } from '../../src/tasks/base-status.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const options = { clean: false, noCache: false, bootTest: false, wait: true }
const asked = (world: World): readonly string[] =>
  world.reset().filter((call) => /^(pull|bootstrap)/.test(call))

const setUp = async (t: TestContext, variables: Record<string, string> = {}) => {
  const world = memoryWorld(t, variables)
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  world.memory.at = (call) => {
    if (call.startsWith('pull ')) throw new DvmError('network', 'the registry cannot be reached')
  }
  const { generation } = await buildBase(world.deps, options)
  assert.equal(generation.metadata.bootcBase, 'bootstrap:trixie')
  world.reset()
  return { world, generation }
}

test('the status says so; an unchanged build asks nobody', async (t) => {
  const { world } = await setUp(t)
  assert.equal((await buildBase(world.deps, options)).outcome, 'unchanged')
  assert.deepEqual(asked(world), [])
  assert.equal((await baseStatus(world.deps)).standIn, true)
})

test('--no-cache asks the registry again, and from then on nothing is said', async (t) => {
  const { world, generation } = await setUp(t)
  world.memory.at = () => undefined
  const again = await buildBase(world.deps, { ...options, noCache: true })
  const { bootcBase } = generation.manifest.inputs
  assert.deepEqual(asked(world), [`pull ${bootcBase.slice(0, 40)}`])
  assert.deepEqual(
    [again.generation.metadata.bootcBase, again.generation.metadata.generation],
    [bootcBase, generation.metadata.generation],
  )
  assert.equal((await buildBase(world.deps, options)).outcome, 'unchanged')
  assert.deepEqual([world.story, (await baseStatus(world.deps)).standIn], [[], false])
})

test('packages that were asked for stand in for nothing', async (t) => {
  const { world } = await setUp(t, { DVM_BOOTC_BASE: 'bootstrap:trixie' })
  await buildBase(world.deps, options)
  assert.deepEqual([world.story, (await baseStatus(world.deps)).standIn], [[], false])
})
