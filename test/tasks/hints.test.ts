// What failed for a reason that dvm does not know ends in something to type as well.
import assert from 'node:assert/strict'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { buildBase } from '../../src/tasks/base-build.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryPodman } from '../support/memory-podman.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const options = { clean: false, noCache: false, bootTest: false, wait: true }
const hintOf = async (promise: Promise<unknown>): Promise<string | undefined> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof DvmError, String(error))
  assert.equal(error.message, 'podman says something new')
  return error.hint
}
const failAt = (world: World, at: string): void => {
  world.memory.at = (call) => {
    if (call.startsWith(at)) throw new DvmError('failed', 'podman says something new')
  }
}

const freshBuilder = 'dvm base build --clean (with a fresh builder; the old base stays in use)'
for (const [at, hint] of [
  ['build localhost/dvm-base', () => freshBuilder],
  ['disk ', () => freshBuilder],
  // Before its first instruction: podman cannot read it.
  [
    'build localhost/dvm-target',
    (base: string) => `correct ${base}/Containerfile, then: dvm base build (the old base stays in use)`,
  ],
] as const)
  test(`a base build that fails at "${at}"`, async (t) => {
    const world = memoryWorld(t)
    world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
    failAt(world, at)
    assert.equal(await hintOf(buildBase(world.deps, options)), hint(world.base))
  })

test('a dev-base that fails names its Containerfile', async (t) => {
  const { port } = memoryPodman()
  const world = memoryWorld(t, {}, () => ({ containers: port }))
  addVm(world.memory, 'dvm-app', 'Running')
  addVm(world.memory, 'dvm-builder', 'Stopped')
  world.write('.config/dvm/vms/app/projects/p/project.sh', '')
  world.write('.config/dvm/base/dev/Containerfile', 'FROM x\n')
  failAt(world, 'build localhost/dvm-dev-base')
  assert.equal(
    await hintOf(syncVm(world.deps, 'app', { wait: true })),
    `correct ${world.base}/dev/Containerfile, then: dvm sync app`,
  )
})

test('so does one that is built in the VM, whatever kind of failure it is', async (t) => {
  const { podman, port } = memoryPodman()
  const world = memoryWorld(t, {}, () => ({ containers: port }))
  addVm(world.memory, 'dvm-app', 'Running')
  world.write('.config/dvm/vms/app/projects/p/project.sh', '')
  world.write('.config/dvm/base/dev/Containerfile', 'FROM x\n')
  podman.at = (call) => {
    if (call.startsWith('build in app')) throw new DvmError('network', 'podman says something new')
  }
  assert.equal(
    await hintOf(syncVm(world.deps, 'app', { wait: true })),
    `correct ${world.base}/dev/Containerfile, then: dvm sync app`,
  )
})
