// The disk builder's image: made, and asked for its options, while the images of the base are built.
import assert from 'node:assert/strict'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { buildBase } from '../../src/tasks/base-build.ts'
import { memoryWorld } from '../support/memory-world.ts'

const options = { clean: false, noCache: false, bootTest: true, wait: true }

test(
  'a build whose image takes long has the options of the disk builder by then',
  { timeout: 60_000 },
  async (t) => {
    const world = memoryWorld(t, { DVM_FLAVOUR: 'fedora' })
    world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
    const asked = Promise.withResolvers<void>()
    world.memory.at = async (call) => {
      if (call === 'dialect') asked.resolve()
      if (call === 'build ends') await asked.promise
    }
    assert.equal((await buildBase(world.deps, options)).outcome, 'built')
  },
)

test('a disk builder that cannot be asked fails the step that needs it', async (t) => {
  const world = memoryWorld(t, { DVM_FLAVOUR: 'fedora' })
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  world.memory.at = (call) => {
    if (call === 'dialect') throw new DvmError('failed', 'the disk builder cannot be asked')
  }
  await assert.rejects(buildBase(world.deps, options), { message: 'the disk builder cannot be asked' })
  assert.deepEqual(
    world.story.filter((line) => line.startsWith('✖')),
    ['✖ Assemble the disk'],
  )
  assert.ok(world.story.includes('✔ Check the image'))
})
