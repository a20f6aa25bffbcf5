// What `base build` decides from the host's files alone: nothing here may reach Lima.
import assert from 'node:assert/strict'
import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { planBase } from '../../src/tasks/base-plan.ts'
import { planDevBase } from '../../src/tasks/dev-base.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const containerfile = (world: World, text = 'FROM dvm-base\n'): string =>
  world.write('.config/dvm/base/Containerfile', text)
const failure = async (promise: Promise<unknown>): Promise<DvmError> => {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof DvmError, String(error))
  return error
}

const unfit: readonly [string, (world: World) => void, string, RegExp][] = [
  ['no Containerfile', () => undefined, 'config', /^there is no Containerfile in /],
  [
    'another base',
    (world) => containerfile(world, 'FROM x\n'),
    'config',
    /Containerfile:1: the image is made FROM x/,
  ],
  [
    'an unknown flavour',
    (world) => {
      containerfile(world)
      Object.assign(world.deps.env, { flavour: 'arch' })
    },
    'config',
    /^unknown flavour "arch"$/,
  ],
  [
    'a base without a digest',
    (world) => {
      containerfile(world)
      Object.assign(world.deps.env, { bootcBase: 'debian:trixie' })
    },
    'config',
    /^DVM_BOOTC_BASE is not pinned/,
  ],
  [
    'a release that dvm cannot bootstrap',
    (world) => {
      containerfile(world)
      Object.assign(world.deps.env, { bootcBase: 'bootstrap:bookworm' })
    },
    'config',
    /^DVM_BOOTC_BASE: "bookworm" is not a release that dvm can bootstrap$/,
  ],
  [
    'a Containerfile that is a link to nothing',
    (world) => {
      world.write('.config/dvm/base/flavour', '')
      symlinkSync('nowhere', join(world.home, '.config/dvm/base/Containerfile'))
    },
    'config',
    /Containerfile is a link that leads nowhere$/,
  ],
  [
    'a list of packages that others can write to',
    (world) => {
      containerfile(world)
      chmodSync(world.write('.config/dvm/base/packages.txt', 'git\n'), 0o666)
    },
    'refused',
    /packages\.txt: other users can write to it$/,
  ],
  [
    'a disk builder without a digest',
    (world) => {
      containerfile(world)
      Object.assign(world.deps.env, { diskBuilder: 'quay.io/x/y' })
    },
    'config',
    /^DVM_BISC_IMAGE is not pinned/,
  ],
]
for (const [what, prepare, code, message] of unfit)
  test(`${what} is an error before Lima is asked`, async (t) => {
    const world = memoryWorld(t)
    prepare(world)
    const error = await failure(planBase(world.deps))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.deepEqual(world.memory.calls, [])
  })

test('the flavour of the base directory counts, the environment’s goes before it', async (t) => {
  const recorded = memoryWorld(t, { DVM_FLAVOUR: '' })
  containerfile(recorded)
  assert.equal((await planBase(recorded.deps)).flavour.name, 'fedora')
  recorded.write('.config/dvm/base/flavour', 'debian\n')
  assert.equal((await planBase(recorded.deps)).flavour.name, 'debian')
  const asked = memoryWorld(t, { DVM_FLAVOUR: 'fedora' })
  containerfile(asked)
  asked.write('.config/dvm/base/flavour', 'debian\n')
  assert.equal((await planBase(asked.deps)).flavour.name, 'fedora')
})

test('the plan names what decides: the user’s files and what reaches an image of dvm’s own', async (t) => {
  const world = memoryWorld(t)
  containerfile(world)
  world.write('.config/dvm/base/packages.txt', 'git\n')
  const { inputs, diskBuilder, mayBootstrap } = await planBase(world.deps)
  assert.deepEqual(Object.keys(inputs.context), ['Containerfile', 'packages.txt'])
  const plumbing = Object.keys(inputs.plumbing)
  assert.ok(plumbing.includes('plumbing/dvm-base.Containerfile'))
  assert.ok(plumbing.includes('plumbing/rootfs/etc/systemd/zram-generator.conf'))
  assert.ok(!plumbing.some((path) => /starter|dev\.Containerfile|builder\.sh/.test(path)))
  assert.deepEqual([inputs.diskBuilder, diskBuilder, mayBootstrap], ['own', undefined, true])
})

test('a named base or disk builder changes the plan and is never replaced', async (t) => {
  const digest = `sha256:${'1'.repeat(64)}`
  const world = memoryWorld(t, {
    DVM_BOOTC_BASE: `quay.io/mine/base:1@${digest}`,
    DVM_BISC_IMAGE: `quay.io/mine/builder@${digest}`,
  })
  containerfile(world)
  const { inputs, mayBootstrap, diskBuilder } = await planBase(world.deps)
  assert.equal(inputs.bootcBase, `quay.io/mine/base@${digest}`)
  assert.equal(diskBuilder, `quay.io/mine/builder@${digest}`)
  assert.equal(mayBootstrap, false)
  const plain = memoryWorld(t)
  containerfile(plain)
  assert.notEqual((await planBase(plain.deps)).generation, (await planBase(world.deps)).generation)
})

test('a base directory of another place is checked up to itself: what is above it is not dvm’s', async (t) => {
  const world = memoryWorld(t)
  const baseDir = join(world.home, 'shared/dvm/base')
  world.write('shared/dvm/base/Containerfile', 'FROM dvm-base\n')
  chmodSync(join(world.home, 'shared'), 0o770)
  Object.assign(world.deps.env, { baseDir })
  await planBase(world.deps)
  chmodSync(baseDir, 0o770)
  assert.equal((await failure(planBase(world.deps))).code, 'refused')
})

for (const path of ['', 'base', 'base/dev', 'base/dev/Containerfile', 'base/packages.txt'])
  test(`the dev-base: .config/dvm/${path} that others can write to is refused`, async (t) => {
    const world = memoryWorld(t)
    world.write('.config/dvm/base/dev/Containerfile', 'FROM x\n')
    world.write('.config/dvm/base/packages.txt', 'tree\n')
    assert.ok(await planDevBase(world.deps))
    chmodSync(join(world.home, '.config/dvm', path), 0o770)
    assert.equal((await failure(planDevBase(world.deps).then(String))).code, 'refused')
  })
