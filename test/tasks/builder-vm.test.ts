// The builder VM and what is built in it first: repaired when it can be, made again when not, always with a line that says so.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { flavourOf } from '../../src/core/flavour.ts'
import type { Generation } from '../../src/core/generation.ts'
import type { InstanceStatus } from '../../src/ports/lima/index.ts'
import { planBase } from '../../src/tasks/base-plan.ts'
import { provideBootcBase } from '../../src/tasks/bootc-base.ts'
import { ensureBuilder } from '../../src/tasks/builder-vm.ts'
import { fetchDisk } from '../../src/tasks/fetch-disk.ts'
import { manifestOf, metadataOf } from '../support/generations.ts'
import { sha256 } from '../support/memory-builder.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'
import { qcow2Header } from '../support/disks.ts'

const name = 'dvm-builder'
const voiceOf = (world: World) => ({
  progress: () => undefined,
  note: (line: string): void => void world.story.push(line),
})
const ensure = (world: World, change: { clean?: boolean; flavour?: string } = {}) =>
  ensureBuilder(
    world.deps,
    flavourOf(change.flavour ?? 'debian'),
    { clean: change.clean ?? false },
    voiceOf(world),
    () => undefined,
  )
const withBuilder = async (t: TestContext, variables: Record<string, string> = {}): Promise<World> => {
  const world = memoryWorld(t, variables)
  await ensure(world)
  world.reset()
  return world
}
const set = (world: World, status: InstanceStatus): void => {
  const vm = world.memory.vms.get(name)
  assert.ok(vm)
  vm.instance = { ...vm.instance, status }
}
const failure = async (promise: Promise<unknown>): Promise<DvmError> => {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof DvmError, String(error))
  return error
}

test('there is none: it is made from the flavour’s template with the sizes asked for, and provisioned once', async (t) => {
  const world = memoryWorld(t, { DVM_BUILDER_MEMORY: '8', DVM_BUILDER_CPUS: '3' })
  const instance = await ensure(world)
  assert.equal(instance.status, 'Running')
  const { spec } = world.memory.vms.get(name) ?? {}
  assert.deepEqual(spec, { name, template: 'template:debian-13', cpus: 3, memory: 8, disk: 50 })
  assert.deepEqual(world.story, ['there is no builder yet: making dvm-builder'])
  world.reset()
  await ensure(world)
  assert.deepEqual([world.memory.calls, world.story], [['list', 'answers', 'marker'], []])
})

test('DVM_BUILDER_TEMPLATE and the machine’s cores decide, too', async (t) => {
  const world = memoryWorld(t, { DVM_BUILDER_TEMPLATE: '/t.yaml' })
  await ensure(world)
  const { spec } = world.memory.vms.get(name) ?? {}
  assert.deepEqual([spec?.template, spec?.cpus], ['/t.yaml', 4])
})

const states: readonly [InstanceStatus, string, readonly string[]][] = [
  ['Stopped', 'the builder was stopped: starting it', ['start dvm-builder']],
  [
    'Uninitialized',
    'the builder is Uninitialized: restarting it',
    ['stop dvm-builder --force', 'start dvm-builder'],
  ],
  ['', 'the builder is in no known state: restarting it', ['stop dvm-builder --force', 'start dvm-builder']],
  // A crash: its process is gone, a forced stop cleans up.
  ['Broken', 'the builder is Broken: restarting it', ['stop dvm-builder --force', 'start dvm-builder']],
]
for (const [status, told, calls] of states)
  test(`it is ${status || 'in no state'}: repaired, its caches kept`, async (t) => {
    const world = await withBuilder(t)
    set(world, status)
    assert.equal((await ensure(world)).status, 'Running')
    assert.deepEqual(world.story, [told])
    assert.deepEqual(
      world.memory.calls.filter((call) => call !== 'list'),
      [...calls, 'answers', 'marker'],
    )
  })

test('a state that dvm has never heard of: nothing is stopped by force', async (t) => {
  const world = await withBuilder(t)
  set(world, 'Unknown')
  const vm = world.memory.vms.get(name)
  assert.ok(vm)
  vm.instance = { ...vm.instance, errors: ['Lima says "Dreaming", which this dvm does not know'] }
  assert.equal(
    (await failure(ensure(world))).message,
    'dvm-builder: Lima says "Dreaming", which this dvm does not know',
  )
  assert.deepEqual(world.memory.calls, ['list'])
})

test('sizes that are asked for later change nothing, and that is said', async (t) => {
  const world = memoryWorld(t, { DVM_BUILDER_MEMORY: '8', DVM_BUILDER_CPUS: '3' })
  addVm(world.memory, name, 'Running', { cpus: 3, memory: 4 * 1024 ** 3 })
  await ensure(world)
  assert.deepEqual(world.story, [
    'dvm-builder keeps what it was made with: 4 GiB memory (config: 8 GiB); to change it: dvm base build --clean',
  ])
})

test('it runs but does not answer: restarted; when that does not help, made again', async (t) => {
  const world = await withBuilder(t)
  world.disk.answers = false
  world.memory.at = (call) => {
    if (call === 'create dvm-builder') world.disk.answers = true
  }
  await ensure(world)
  assert.deepEqual(world.story, [
    'the builder is not answering: restarting it',
    'the builder could not be repaired: making it again (its layer cache is lost)',
  ])
  assert.deepEqual(
    world.memory.calls.filter((call) => call !== 'list'),
    [
      'answers',
      'stop dvm-builder --force',
      'start dvm-builder',
      'answers',
      'stop dvm-builder --force',
      'delete dvm-builder --force',
      'create dvm-builder',
      'start dvm-builder',
      'marker',
      'sweep end',
      'provision',
    ],
  )
})

test('a restart that fails leads to a new one, but not when a tool or the configuration is at fault', async (t) => {
  const world = await withBuilder(t)
  for (const code of ['tool', 'config'] as const) {
    set(world, 'Stopped')
    world.memory.at = (call) => {
      if (call === 'start dvm-builder') throw new DvmError(code, 'no QEMU')
    }
    assert.equal((await failure(ensure(world))).code, code)
    assert.ok(world.memory.vms.has(name))
  }
  let starts = 0
  world.memory.at = (call) => {
    if (call === 'start dvm-builder' && (starts += 1) === 1) throw new DvmError('failed', 'half running')
  }
  await ensure(world)
  assert.ok(world.memory.calls.includes('delete dvm-builder --force'))
  assert.equal(world.memory.vms.get(name)?.instance.status, 'Running')
})

test('an interrupted repair does not delete the builder', async (t) => {
  const world = await withBuilder(t)
  set(world, 'Stopped')
  world.memory.at = (call) => {
    if (call === 'start dvm-builder') world.interrupt()
  }
  await assert.rejects(ensure(world), { name: 'Interrupted' })
  assert.ok(!world.memory.calls.some((call) => call.startsWith('delete')))
})

test('another flavour’s builder is replaced, with a line that says so', async (t) => {
  const world = await withBuilder(t)
  await ensure(world, { flavour: 'fedora' })
  assert.deepEqual(world.story, ['the builder was made for debian: making one for fedora'])
  assert.ok(world.memory.calls.includes('delete dvm-builder --force'))
  assert.equal(world.memory.vms.get(name)?.spec?.template, 'template:fedora')
})

test('--clean makes a fresh one whatever there was', async (t) => {
  const world = await withBuilder(t)
  await ensure(world, { clean: true })
  assert.deepEqual(world.story, ['a fresh builder'])
  assert.deepEqual(world.memory.calls.slice(0, 3), [
    'list',
    'delete dvm-builder --force',
    'create dvm-builder',
  ])
})

const network = new DvmError('network', 'the network or the registry cannot be reached from the builder')
const provide = async (
  world: World,
  error: DvmError | undefined,
  current?: Partial<Generation['metadata']>,
  askAgain = false,
) => {
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  const found = await planBase(world.deps)
  const plan =
    current === undefined
      ? found
      : {
          ...found,
          current: { metadata: metadataOf('a'.repeat(64), current), manifest: manifestOf(), disk: '/x' },
        }
  const vm = world.memory.vms.get(name)
  assert.ok(vm)
  world.memory.at = (call) => {
    if (call.startsWith('pull ') && error !== undefined) throw error
  }
  return provideBootcBase(world.deps, vm.instance, plan, voiceOf(world), () => undefined, askAgain)
}

test('the pinned base is pulled', async (t) => {
  const world = await withBuilder(t)
  const { id, source, image } = await provide(world, undefined)
  assert.deepEqual([id, image], ['pulled-id', source])
  assert.match(source, /^docker\.io\/library\/debian@sha256:[0-9a-f]{64}$/)
})

test('an unreachable registry leads to a bootstrap from packages, and is not asked again the next time', async (t) => {
  const world = await withBuilder(t)
  const made = await provide(world, network)
  assert.deepEqual(made, { image: 'bootstrapped-id', id: 'bootstrapped-id', source: 'bootstrap:trixie' })
  assert.deepEqual(world.story, [
    'the registry cannot be reached: making trixie from signed packages instead',
  ])
  world.reset()
  await provide(world, network, { bootcBase: 'bootstrap:trixie' })
  assert.deepEqual(world.memory.calls, ['image docker.io/library/debian@sha256:a29215f6', 'bootstrap'])
  world.reset()
  await provide(world, network, { bootcBase: 'bootstrap:trixie' }, true)
  assert.ok(
    world.memory.calls.some((call) => call.startsWith('pull ')),
    '--clean asks again',
  )
  world.reset()
  await provide(world, network, { bootcBase: 'docker.io/library/debian@sha256:1' })
  assert.ok(world.memory.calls.some((call) => call.startsWith('pull ')))
})

test('a pin that is gone, a refused login and a broken download are errors, not a reason to bootstrap', async (t) => {
  const world = await withBuilder(t)
  for (const error of [
    new DvmError('network', 'pin gone: the registry no longer has the pinned digest'),
    new DvmError('failed', 'the disk of the builder is full'),
  ])
    assert.equal(await failure(provide(world, error)), error)
  assert.ok(!world.memory.calls.includes('bootstrap'))
})

test('a base that the user named is never replaced', async (t) => {
  const digest = `quay.io/mine/debian@sha256:${'1'.repeat(64)}`
  const world = await withBuilder(t, { DVM_BOOTC_BASE: digest })
  assert.equal(await failure(provide(world, network)), network)
  assert.equal((await provide(world, undefined)).source, digest)
  const gone = await failure(provide(world, new DvmError('network', 'pin gone: …', { tail: ['404'] })))
  assert.deepEqual(
    [gone.code, gone.message, gone.hint, gone.tail],
    [
      'network',
      'pin gone: the registry no longer has the digest that DVM_BOOTC_BASE names',
      "set DVM_BOOTC_BASE to a digest that is there, or unset it to use dvm's own pin",
      ['404'],
    ],
  )
})

test('a flavour without a bootstrap reports the network', async (t) => {
  const world = await withBuilder(t, { DVM_FLAVOUR: 'fedora' })
  assert.equal(await failure(provide(world, network)), network)
})

test('bootstrap:RELEASE asks no registry', async (t) => {
  const world = await withBuilder(t, { DVM_BOOTC_BASE: 'bootstrap:trixie' })
  assert.equal((await provide(world, network)).source, 'bootstrap:trixie')
  assert.deepEqual(world.memory.calls, ['bootstrap'])
})

const fetched = async (world: World) => {
  const vm = world.memory.vms.get(name)
  assert.ok(vm)
  vm.guest.output = true
  const local = join(world.home, `disk-${Math.random()}`)
  return fetchDisk(world.deps, vm.instance, '/remote', local, voiceOf(world))
}
const bad: readonly [string, (world: World) => void, string, RegExp][] = [
  ['cut off', (world) => (world.disk.size = 4096), 'integrity', /512 of 4096 bytes/],
  [
    'altered',
    (world) => (world.disk.sha256 = '0'.repeat(64)),
    'integrity',
    /sha256 [0-9a-f]{64} here, 0{64} there/,
  ],
  ['not a qcow2', (world) => replace(world, Buffer.alloc(512)), 'integrity', /is not a qcow2/],
  ['empty', (world) => replace(world, qcow2Header({ virtualSize: 0 })), 'integrity', /says that it is empty/],
  [
    'only a layer',
    (world) => replace(world, qcow2Header({ virtualSize: 1, backing: '/b' })),
    'integrity',
    /another file beneath/,
  ],
  [
    'larger than the host’s room',
    (world) => (world.disk.size = 2 ** 60),
    'failed',
    /^not enough space in .*\/\.cache\/dvm: .* free, the disk is 1048576 TiB$/,
  ],
  [
    'too much for the host while it comes',
    (world) => {
      world.memory.at = (call) => {
        if (call === 'fetch') throw Object.assign(new Error('write'), { code: 'ENOSPC' })
      }
    },
    'failed',
    /^not enough space in .* free, the disk is 512 B$/,
  ],
]
const replace = (world: World, bytes: Buffer): void =>
  void Object.assign(world.disk, { bytes, size: bytes.length, sha256: sha256(bytes) })
for (const [what, prepare, code, message] of bad)
  test(`a disk that is ${what} is refused on its way to the host`, async (t) => {
    const world = await withBuilder(t)
    prepare(world)
    const error = await failure(fetched(world))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.match(error.hint ?? '', /the old base stays in use/)
  })

test('a good disk arrives with its size, its hash and what a VM will see', async (t) => {
  const world = await withBuilder(t)
  assert.deepEqual(await fetched(world), {
    bytes: 512,
    virtualSize: 10 * 1024 ** 3,
    sha256: sha256(world.disk.bytes),
  })
})

test('strangers among the instances are no builder', async (t) => {
  const world = memoryWorld(t)
  addVm(world.memory, 'dvm-builder-2')
  addVm(world.memory, 'default')
  await ensure(world)
  assert.deepEqual([...world.memory.vms.keys()].sort(), ['default', 'dvm-builder', 'dvm-builder-2'])
})
