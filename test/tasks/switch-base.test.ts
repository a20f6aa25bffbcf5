// A base that becomes current again without a build.
import assert from 'node:assert/strict'
import { readFileSync, realpathSync, rmSync } from 'node:fs'
import test from 'node:test'
import { buildBase } from '../../src/tasks/base-build.ts'
import { memoryWorld } from '../support/memory-world.ts'

const options = { clean: false, noCache: false, bootTest: true, wait: true }

test('a disk of one’s own at DVM_BASE_IMAGE is put aside with a line that says so, also when nothing is built', async (t) => {
  const world = memoryWorld(t, { DVM_BASE_IMAGE: '~/my.qcow2' })
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  const { generation } = await buildBase(world.deps, options)
  const mine = `${world.home}/my.qcow2`
  rmSync(mine)
  world.write('my.qcow2', 'mine')
  world.reset()
  assert.deepEqual((await buildBase(world.deps, options)).outcome, 'switched')
  assert.deepEqual(world.memory.calls, [])
  assert.equal(realpathSync(mine), generation.disk)
  assert.equal(readFileSync(`${mine}.previous`, 'utf8'), 'mine')
  assert.deepEqual(world.story, [`the disk that stood at ${mine} is now ${mine}.previous`])
})
