// A builder that lost its power while it wrote images: what may be half written is checked before anything is built on it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { buildBase } from '../../src/tasks/base-build.ts'
import { memoryWorld } from '../support/memory-world.ts'

test('the images are checked before the next build, once, and that is told', async (t) => {
  const world = memoryWorld(t)
  const build = async (line: string): Promise<readonly string[]> => {
    world.write('.config/dvm/base/Containerfile', `FROM dvm-base\n${line}\n`)
    await buildBase(world.deps, { clean: false, noCache: false, bootTest: false, wait: true })
    return world.story.splice(0)
  }
  const told = '  the builder went down in the middle of a build: checking its images, which takes minutes'
  assert.ok(!(await build('RUN true')).includes(told))
  world.disk.wentDown = true
  assert.deepEqual((await build('RUN false')).slice(1, 4), [
    '✔ Check this machine',
    told,
    '✔ Prepare the builder',
  ])
  assert.ok(!(await build('RUN :')).includes(told))
})
