// The dev-base of several VMs: one build in the builder serves them all, and is taken into each.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { devBaseTag } from '../../src/core/dev-base.ts'
import { DvmError } from '../../src/core/errors.ts'
import type { Deps } from '../../src/tasks/deps.ts'
import { syncAll } from '../../src/tasks/sync-all.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryPodman } from '../support/memory-podman.ts'
import { memoryWorld } from '../support/memory-world.ts'

const setUp = (t: TestContext, variables: Record<string, string> = {}) => {
  const { podman, port } = memoryPodman()
  const world = memoryWorld(t, variables, () => ({ containers: port }))
  addVm(world.memory, 'dvm-builder', 'Stopped')
  world.write('.config/dvm/base/dev/Containerfile', 'ARG DVM_DEV_FROM\nFROM ${DVM_DEV_FROM}\n')
  for (const vm of ['a', 'b']) {
    addVm(world.memory, `dvm-${vm}`, 'Running')
    world.write(`.config/dvm/vms/${vm}/config.sh`, '')
    world.write(`.config/dvm/vms/${vm}/projects/p/project.sh`, '')
  }
  /** Runs `sync --all`; resolves to the builds in the builder and the VMs that took the image in. */
  const syncBoth = async (deps: Deps = world.deps) => {
    world.reset()
    podman.calls.length = 0
    const failures = await syncAll(deps, ['a', 'b'], { wait: true, jobs: undefined })
    const starting = (word: string, calls: readonly string[]) => calls.filter((call) => call.startsWith(word))
    return {
      failures,
      builds: starting(`build ${devBaseTag}`, world.memory.calls),
      loads: starting('load ', podman.calls).sort(),
    }
  }
  return { world, syncBoth }
}
const loads = ['a', 'b'].map((vm) => `load archive of ${devBaseTag} into ${vm}`)

test('two VMs, one build: the second only takes the image in', async (t) => {
  const { world, syncBoth } = setUp(t)
  assert.deepEqual(await syncBoth(), { failures: [], builds: [`build ${devBaseTag}`], loads })
  // podman in these VMs has forgotten it: the builder has not.
  assert.deepEqual(await syncBoth(), { failures: [], builds: [], loads })
  world.write('.config/dvm/base/packages.txt', 'tree\n')
  assert.deepEqual(await syncBoth(), { failures: [], builds: [`build ${devBaseTag}`], loads })
})

test('DVM_REBUILD_DEV_BASE builds it once a run, not once a VM', async (t) => {
  const { world, syncBoth } = setUp(t, { DVM_REBUILD_DEV_BASE: '1' })
  const once = { failures: [], builds: [`build ${devBaseTag} --no-cache`], loads }
  assert.deepEqual(await syncBoth(), once)
  // Another dvm, another run.
  assert.deepEqual(await syncBoth({ ...world.deps, signal: new AbortController().signal }), once)
})

test('a build that failed for one VM is tried again for the next', async (t) => {
  const { world, syncBoth } = setUp(t, { DVM_REBUILD_DEV_BASE: '1' })
  let builds = 0
  world.memory.at = (call) => {
    if (call.startsWith('build ') && (builds += 1) === 1) throw new DvmError('failed', 'no')
  }
  const { failures, builds: tried, loads: taken } = await syncBoth()
  assert.equal(failures.length, 1)
  assert.deepEqual([tried.length, taken.length], [2, 1])
})
