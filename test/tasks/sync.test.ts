// `sync`: create, start, restart or nothing, then one script in the guest; what is taken back and what never is.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { parse } from 'yaml'
import { DvmError } from '../../src/core/errors.ts'
import { setupMarker } from '../../src/core/guest-script.ts'
import { instanceOf } from '../../src/core/names.ts'
import { dryRunSync } from '../../src/tasks/plan-sync.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { configStamp } from '../../src/tasks/vm-config.ts'
import { qcow2Header } from '../support/disks.ts'
import { publish } from '../support/generations.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const gib = 1024 ** 3
const name = instanceOf('app')

const configure = (world: World, config = 'DVM_CPUS=2\nDVM_MEMORY=2\nDVM_DISK=30\n', vm = 'app'): void => {
  world.write(`.config/dvm/vms/${vm}/config.sh`, config)
  world.memory.run = () => ({})
}
const sync = (world: World, vm = 'app') => syncVm(world.deps, vm, { wait: true })
const failure = async (promise: Promise<unknown>): Promise<DvmError> => {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof DvmError, String(error))
  return error
}
const acts = (world: World): string[] =>
  world.memory.calls
    .filter((call) => !['list', 'version'].includes(call))
    .map((call) => call.replace(/^run (\S+): bash -s( -- dvm:sync)?$/, 'prepare $1'))

test('without a base a VM is made from Lima’s own Fedora', async (t) => {
  const world = memoryWorld(t)
  configure(world, 'DVM_CPUS=3\nDVM_MEMORY=4\nDVM_DISK=20\nDVM_PORTS=(3000:3000 8080:80)\nDVM_VM_TYPE=qemu\n')
  await sync(world)
  assert.deepEqual(acts(world), [`create ${name}`, `start ${name}`, `prepare ${name}`])
  assert.deepEqual(world.memory.vms.get(name)?.spec, {
    name,
    template: 'template:fedora',
    cpus: 3,
    memory: 4,
    disk: 20,
    vmType: 'qemu',
    portForwards: ['3000:3000', '8080:80'],
  })
  const { createdAt, ...state } = (await world.deps.state.read('app')) ?? {}
  assert.match(createdAt ?? '', /^\d{4}-/)
  const ports = ['3000:3000', '8080:80']
  assert.deepEqual(state, {
    baseImage: 'template:fedora',
    ports,
    config: { cpus: 3, memory: 4, disk: 20, ports, stamp: await configStamp(world.deps, 'app') },
    users: ['developer'],
  })
  assert.deepEqual(world.story, ['✔ Create app', '✔ Prepare app'])
})

test('with a base it boots from the generation’s own disk, and that is remembered', async (t) => {
  const world = memoryWorld(t)
  configure(world)
  const disk = await publish(world.deps.store)
  await sync(world)
  const template = join(world.deps.env.stateDir, 'app/lima.yaml')
  assert.equal(world.memory.vms.get(name)?.spec?.template, template)
  const document = parse(readFileSync(template, 'utf8')) as { images: unknown }
  assert.deepEqual(document.images, [{ location: disk, arch: 'x86_64' }])
  const state = await world.deps.state.read('app')
  assert.deepEqual([state?.generation, state?.baseImage], ['a'.repeat(64), disk])
})

test('a VM that is made anew from something else forgets its old generation', async (t) => {
  const world = memoryWorld(t)
  configure(world)
  await publish(world.deps.store)
  await sync(world)
  world.memory.vms.clear()
  await world.deps.store.removeAll()
  await sync(world)
  const state = await world.deps.state.read('app')
  assert.deepEqual([state?.generation, state?.baseImage], [undefined, 'template:fedora'])
})

test('whom a VM was prepared for is remembered, also where the sync did not end well, until it is made anew', async (t) => {
  const world = memoryWorld(t)
  const users = async () => (await world.deps.state.read('app'))?.users
  configure(world, 'DVM_USER=ada\n')
  await sync(world)
  configure(world, 'DVM_USER=eve\n')
  world.memory.run = () => ({ exitCode: 1 })
  await failure(sync(world))
  assert.deepEqual(await users(), ['ada', 'eve'])
  world.memory.vms.clear()
  configure(world, 'DVM_USER=bob\n')
  await sync(world)
  assert.deepEqual(await users(), ['bob'])
})

test('DVM_BASE_IMAGE may be any disk; without one there it is said and the template used', async (t) => {
  const world = memoryWorld(t, { DVM_BASE_IMAGE: '~/other.raw' })
  configure(world)
  await sync(world)
  assert.equal(world.memory.vms.get(name)?.spec?.template, 'template:fedora')
  assert.equal(
    world.story[0],
    `warning: DVM_BASE_IMAGE: there is no ${world.home}/other.raw; using template:fedora`,
  )
  world.memory.vms.clear()
  const sector = Buffer.alloc(1024)
  sector.writeUInt16BE(0x55aa, 510)
  writeFileSync(join(world.home, 'other.raw'), sector)
  await sync(world)
  const state = await world.deps.state.read('app')
  assert.deepEqual([state?.generation, state?.baseImage], [undefined, join(world.home, 'other.raw')])
})

const disks: readonly [string, Buffer, RegExp, string][] = [
  ['no disk', Buffer.from('<html>'), /is neither a qcow2 nor a raw disk/, 'set DVM_BASE_IMAGE'],
  [
    'a layer only',
    qcow2Header({ virtualSize: gib, backing: '/b' }),
    /needs another file beneath it/,
    'qemu-img convert',
  ],
]
for (const [what, bytes, message, hint] of disks)
  test(`a base image that is ${what} is refused before anything is made`, async (t) => {
    const world = memoryWorld(t, { DVM_BASE_IMAGE: '~/x.qcow2' })
    configure(world)
    writeFileSync(join(world.home, 'x.qcow2'), bytes)
    const error = await failure(sync(world))
    assert.equal(error.code, 'integrity')
    assert.match(error.message, message)
    assert.ok(error.hint?.startsWith(hint), error.hint)
    assert.deepEqual(acts(world), [])
  })

test('a DVM_DISK below the base’s size is a configuration error, and nothing is made', async (t) => {
  const world = memoryWorld(t)
  configure(world, 'DVM_DISK=5\n')
  await publish(world.deps.store)
  const error = await failure(sync(world))
  assert.deepEqual(
    [error.code, error.message, error.hint],
    ['config', 'DVM_DISK is 5 GiB, but the base is a disk of 10 GiB', 'DVM_DISK=10 or more'],
  )
  assert.equal(world.memory.vms.size, 0)
  assert.ok(!acts(world).some((call) => call.startsWith('create')))
})

test('a running VM is only prepared, a stopped one started, another one restarted', async (t) => {
  const world = memoryWorld(t)
  configure(world)
  addVm(world.memory, name, 'Running')
  await sync(world)
  assert.deepEqual(acts(world), [`prepare ${name}`])
  world.reset()
  addVm(world.memory, name, 'Stopped')
  await sync(world)
  assert.deepEqual(acts(world), [`start ${name}`, `prepare ${name}`])
  assert.deepEqual(world.story, ['✔ Start app', '✔ Prepare app'])
  world.reset()
  addVm(world.memory, name, 'Broken')
  await sync(world)
  assert.deepEqual(acts(world), [`stop ${name} --force`, `start ${name}`, `prepare ${name}`])
  assert.equal(world.story[0], '  Lima says that it is Broken')
})

test('the guest gets the values and setup.sh on stdin', async (t) => {
  const world = memoryWorld(t)
  configure(world, 'DVM_USER=me\nDVM_PORTS=(1:2 3:4)\nDVM_SUBUID_COUNT=0\n')
  world.write('.config/dvm/vms/app/setup.sh', 'echo "it is mine"\n')
  let input = ''
  world.memory.run = (_, guest) => {
    input = guest.input ?? ''
    return {}
  }
  await sync(world)
  for (const line of [
    'export DVM_NAME=app',
    'export DVM_VM=app',
    'export DVM_LIMA_NAME=dvm-app',
    'export DVM_USER=me',
    'export DVM_CODE_DIR=/home/me/code/app',
    'export DVM_PORTS=1:2,3:4',
    'export DVM_SUBUID_COUNT=0',
    'export DVM_SUBGID_COUNT=65536',
    'echo "it is mine"',
  ])
    assert.ok(input.split('\n').includes(line), line)
  assert.ok(world.story.includes('✔ Prepare app and run its setup.sh'))
})

test('a setup.sh that fails is blamed with its path, exit code and last lines; the VM stays', async (t) => {
  const world = memoryWorld(t)
  configure(world)
  const setup = world.write('.config/dvm/vms/app/setup.sh', 'false\n')
  world.memory.run = () => ({ exitCode: 3, stdout: `before\n${setupMarker}\nboom\n` })
  const error = await failure(sync(world))
  assert.deepEqual(
    [error.code, error.message, error.hint, error.tail, error.logFile],
    [
      'failed',
      `${setup} ended with exit code 3`,
      'correct it, then: dvm sync app',
      ['before', 'boom'],
      join(world.deps.env.stateDir, 'app/setup.log'),
    ],
  )
  assert.equal(world.memory.vms.get(name)?.instance.status, 'Running', 'it came up, so it may hold work')
  assert.equal(readFileSync(error.logFile ?? '', 'utf8'), 'before\nboom\n')
})

test('a bootstrap that fails is not blamed on setup.sh', async (t) => {
  const world = memoryWorld(t)
  configure(world, 'DVM_USER=me\n')
  world.write('.config/dvm/vms/app/setup.sh', 'false\n')
  world.memory.run = () => ({ exitCode: 1, stdout: 'useradd: no\n' })
  const error = await failure(sync(world))
  assert.deepEqual(
    [error.message, error.hint, error.tail],
    ['the account me could not be prepared (exit code 1)', 'dvm sync app', ['useradd: no']],
  )
})

test('a VM that this run made and that never came up is removed; one that was there is not', async (t) => {
  const world = memoryWorld(t)
  configure(world)
  world.memory.at = (call) => {
    if (call === `start ${name}`) throw new DvmError('failed', 'no boot')
  }
  const error = await failure(sync(world))
  assert.equal(error.message, 'no boot')
  assert.equal(error.logFile, join(world.deps.env.stateDir, 'app/lima.log'))
  assert.equal(world.memory.calls.at(-1), `undo delete ${name} --force`)
  assert.equal(world.memory.vms.size, 0)
  world.reset()
  addVm(world.memory, name, 'Stopped')
  await failure(sync(world))
  assert.ok(world.memory.vms.has(name))
  assert.ok(!world.memory.calls.some((call) => call.startsWith('undo')))
})

test('an instance that somebody else made in between is not removed', async (t) => {
  const world = memoryWorld(t)
  configure(world)
  world.memory.at = (call) => {
    if (call === `create ${name}`) addVm(world.memory, name, 'Stopped')
  }
  const error = await failure(sync(world))
  assert.match(error.message, /already exists/)
  assert.ok(world.memory.vms.has(name))
})

for (const moment of ['create', 'start'])
  test(`Ctrl-C during ${moment} removes the VM that was being made`, async (t) => {
    const world = memoryWorld(t)
    configure(world)
    world.memory.at = (call) => {
      if (call === `${moment} ${name}`) world.interrupt()
    }
    await assert.rejects(sync(world))
    assert.equal(world.memory.calls.at(-1), `undo delete ${name} --force`)
    assert.equal(await world.deps.locks.holder('vm:app'), undefined)
  })

test('says what the configuration moved on from, and how to apply it', async (t) => {
  const world = memoryWorld(t)
  configure(world, 'DVM_CPUS=4\nDVM_MEMORY=2\nDVM_DISK=40\n')
  addVm(world.memory, name, 'Running')
  await sync(world)
  assert.equal(
    world.story.at(-1),
    'app keeps what it was created with: 2 CPUs (config: 4), 30 GiB disk (config: 40 GiB); to change it: dvm recreate app --yes',
  )
})

test('ports stay those that it was created with, until it is recreated', async (t) => {
  const world = memoryWorld(t)
  const sizes = 'DVM_CPUS=2\nDVM_MEMORY=2\nDVM_DISK=30\n'
  const drift = async (ports: string): Promise<string | undefined> => {
    configure(world, `${sizes}DVM_PORTS=(${ports})\n`)
    world.reset()
    await sync(world)
    return world.story.at(-1)
  }
  assert.equal(await drift('3000:3000 80:8080'), '✔ Prepare app')
  const keeps = (what: string): string =>
    `app keeps what it was created with: ${what}; to change it: dvm recreate app --yes`
  const made = 'ports 3000:3000 80:8080'
  assert.equal(await drift('3000:3000'), keeps(`${made} (config: 3000:3000)`))
  assert.equal(await drift(''), keeps(`${made} (config: none)`), 'each sync says so')
  assert.equal(await drift('80:8080 3000:3000'), '✔ Prepare app', 'the order is no difference')
  world.memory.vms.clear()
  assert.equal(await drift(''), '✔ Prepare app')
  assert.equal(await drift('1:2'), keeps('no ports (config: 1:2)'))
  // One that an older dvm made: nobody knows.
  await world.deps.state.write('app', { ports: undefined })
  assert.equal(await drift('3:4'), '✔ Prepare app')
})

test('a dry run prints the exact commands and calls nothing', async (t) => {
  const world = memoryWorld(t)
  configure(world, 'DVM_CPUS=2\nDVM_PORTS=(1:2)\n')
  assert.deepEqual(await dryRunSync(world.deps, 'app'), {
    vm: 'app',
    base: 'template:fedora',
    commands: [
      'limactl --tty=false --log-format=json --log-level=warn create --name=dvm-app --mount-none --containerd=none --cpus=2 --memory=2 --disk=30 --port-forward=1:2,static=true template:fedora',
      'limactl --tty=false --log-format=json --log-level=warn start --timeout=600s dvm-app',
    ],
    setup: null,
    projects: [],
  })
  const setup = world.write('.config/dvm/vms/app/setup.sh', '# nothing\n')
  const disk = await publish(world.deps.store)
  const plan = await dryRunSync(world.deps, 'app')
  assert.deepEqual([plan.base, plan.setup], [disk, setup])
  assert.deepEqual(world.memory.calls, [])
  assert.equal(existsSync(world.deps.env.stateDir), false)
})

test('names and configurations that are wrong make no VM', async (t) => {
  const world = memoryWorld(t)
  configure(world, 'DVM_CPUS=none\n')
  const wrong: readonly [string, string][] = [
    ['app', 'config'],
    ['missing', 'not-found'],
    ['App', 'usage'],
    ['base', 'refused'],
    ['builder', 'refused'],
  ]
  for (const [vm, code] of wrong) {
    assert.equal((await failure(sync(world, vm))).code, code, vm)
    assert.equal((await failure(dryRunSync(world.deps, vm))).code, code, vm)
  }
  assert.deepEqual(acts(world), [])
})

test('a setup.sh that others can write to is refused', async (t) => {
  const world = memoryWorld(t)
  configure(world)
  const setup = world.write('.config/dvm/vms/app/setup.sh', 'true\n')
  chmodSync(setup, 0o666)
  const error = await failure(sync(world))
  assert.deepEqual([error.code, error.hint], ['refused', `chmod go-w '${setup}'`])
  assert.deepEqual(acts(world), [])
})
