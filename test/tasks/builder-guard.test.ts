// A builder of another name (DVM_BUILDER_LIMA): dvm works in a VM that the user named, but deletes only one that it made.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { existsSync, readFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { flavourOf } from '../../src/core/flavour.ts'
import type { InstanceStatus } from '../../src/ports/lima/index.ts'
import { buildBase } from '../../src/tasks/base-build.ts'
import { removeBase } from '../../src/tasks/base-status.ts'
import { ensureBuilder } from '../../src/tasks/builder-vm.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const named = (t: TestContext, variables: Record<string, string> = {}): World =>
  memoryWorld(t, { DVM_BUILDER_LIMA: 'default', ...variables })
const ensure = (world: World, change: { clean?: boolean; flavour?: string } = {}) =>
  ensureBuilder(
    world.deps,
    flavourOf(change.flavour ?? 'debian'),
    { clean: change.clean ?? false },
    { progress: () => undefined, note: (line) => void world.story.push(line) },
    () => undefined,
  )
const recordOf = (world: World): string => join(world.deps.env.stateDir, 'base/builder')
const recorded = (world: World): string | undefined =>
  existsSync(recordOf(world)) ? readFileSync(recordOf(world), 'utf8') : undefined

/** The user's own VM, as a builder that was provisioned for a flavour once. */
const foreign = (world: World, status: InstanceStatus = 'Running', marker = ''): void => {
  addVm(world.memory, 'default', status).guest.marker = marker
}

const removals: readonly [string, (world: World) => Promise<unknown>][] = [
  ['base rm --builder', (world) => removeBase(world.deps, { image: false, builder: true })],
  ['base rm', (world) => removeBase(world.deps, { image: true, builder: true })],
  [
    'base build --clean',
    (world) => {
      world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
      return buildBase(world.deps, { clean: true, noCache: false, bootTest: false, wait: true })
    },
  ],
  [
    'a builder of another flavour',
    (world) => {
      foreign(world, 'Running', `debian ${'0'.repeat(64)}`)
      return ensure(world, { flavour: 'fedora' })
    },
  ],
  [
    'a builder that cannot be repaired',
    (world) => {
      foreign(world, 'Stopped')
      world.memory.at = (call) => {
        if (call === 'start default') throw new DvmError('failed', 'half running')
      }
      // So that nobody waits the minutes that a slow one gets.
      return ensureBuilder(
        { ...world.deps, builder: { ...world.deps.builder, answers: () => Promise.resolve(false) } },
        flavourOf('debian'),
        { clean: false },
        { progress: () => undefined, note: () => undefined },
        () => undefined,
      )
    },
  ],
]
for (const [what, remove] of removals)
  test(`${what}: a VM that dvm did not make stays`, async (t) => {
    const world = named(t)
    foreign(world)
    await assert.rejects(remove(world), (error) => {
      assert.ok(error instanceof DvmError)
      assert.deepEqual(
        [error.code, error.message, error.hint],
        [
          'refused',
          'default was not made by dvm as its builder, so dvm does not delete it',
          'name another builder in DVM_BUILDER_LIMA; or, if default really may go: limactl delete --force default',
        ],
      )
      return true
    })
    assert.ok(world.memory.vms.has('default'))
    assert.deepEqual(
      world.memory.calls.filter((call) => /^(undo )?delete/.test(call)),
      [],
    )
  })

test('working in a VM that the user named is fine, and makes it nobody else’s', async (t) => {
  const world = named(t)
  foreign(world, 'Stopped')
  assert.equal((await ensure(world)).status, 'Running')
  assert.equal(recorded(world), undefined)
})

test('the name and the disk that were asked for are those of the builder, and dvm may remove it', async (t) => {
  const world = named(t, { DVM_BUILDER_LIMA: 'mine', DVM_BUILDER_DISK: '77' })
  await ensure(world)
  assert.partialDeepStrictEqual(world.memory.vms.get('mine')?.spec, { name: 'mine', disk: 77 })
  assert.deepEqual(await removeBase(world.deps, { image: false, builder: true }), ['the builder VM mine'])
  assert.deepEqual([world.memory.vms.has('mine'), recorded(world)], [false, undefined])
})

test('dvm killed while it made the builder: the next one still knows it for its own', async (t) => {
  const world = named(t)
  // What is on the disk at that moment is all that a killed dvm leaves.
  let left: string | undefined
  world.memory.at = (call) => {
    if (call === 'create default') left = recorded(world)
  }
  await ensure(world)
  assert.equal(left, 'default\n')
})

test('interrupted while it made the builder: it is still dvm’s', async (t) => {
  const world = named(t)
  world.memory.at = (call) => {
    if (call === 'create default') world.interrupt()
  }
  await assert.rejects(ensure(world))
  assert.equal(recorded(world), 'default\n')
})

test('a VM that somebody else made in the same moment is not dvm’s; the builder of before still is', async (t) => {
  const world = named(t)
  world.memory.at = (call) => {
    if (call === 'create default' && !world.memory.vms.has('default')) addVm(world.memory, 'default')
  }
  await assert.rejects(ensure(world), /already exists/)
  assert.equal(recorded(world), undefined)
  world.memory.vms.delete('default')
  await world.deps.files.write(recordOf(world), 'before\n')
  await assert.rejects(ensure(world), /already exists/)
  assert.equal(recorded(world), 'before\n')
})
