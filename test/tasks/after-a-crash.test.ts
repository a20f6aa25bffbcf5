// What a crash leaves, here and in the builder, and what the next build makes of it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { buildBase } from '../../src/tasks/base-build.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

/** Builds with this line; resolves to what was told. */
const build = async (world: World, line: string): Promise<readonly string[]> => {
  world.write('.config/dvm/base/Containerfile', `FROM dvm-base\n${line}\n`)
  await buildBase(world.deps, { clean: false, noCache: false, bootTest: false, wait: true })
  return world.story.splice(0)
}

test('what a killed build left on the host is swept by the next one', async (t) => {
  const world = memoryWorld(t)
  await world.deps.store.prepare('9'.repeat(64))
  assert.equal(world.leftovers().length, 1)
  addVm(world.memory, 'dvm-base', 'Running')
  await build(world, 'RUN true')
  assert.deepEqual(world.leftovers(), [])
  assert.ok(world.memory.calls.includes('delete dvm-base --force'))
})

test('a builder that lost its power while it wrote images has them checked before the next build, once', async (t) => {
  const world = memoryWorld(t)
  const told = '  the builder went down in the middle of a build: checking its images, which takes minutes'
  assert.ok(!(await build(world, 'RUN true')).includes(told))
  world.disk.wentDown = true
  const story = await build(world, 'RUN false')
  assert.deepEqual(story.slice(1, 4), ['✔ Check this machine', told, '✔ Prepare the builder'])
  assert.ok(!(await build(world, 'RUN :')).includes(told))
})
