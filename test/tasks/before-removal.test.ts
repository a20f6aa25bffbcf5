// `reset` and `recreate` give away what is there: what keeps the new one from being made is told before.
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { removeProject } from '../../src/tasks/project-actions.ts'
import { resetProject } from '../../src/tasks/reset-project.ts'
import { resetVm } from '../../src/tasks/reset-vm.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryPodman } from '../support/memory-podman.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const vmOf = (t: TestContext, variables: Record<string, string> = {}): World => {
  const world = memoryWorld(t, variables)
  world.write('.config/dvm/vms/app/config.sh', '')
  addVm(world.memory, 'dvm-app', 'Running')
  return world
}
const recreate = ({ deps }: World): Promise<void> =>
  resetVm(deps, 'app', { yes: true, force: true, typed: 'recreate' })

/** The first bytes of a qcow2 of that many GiB. */
const qcow2 = (gib: number): Buffer => {
  const bytes = Buffer.alloc(4096)
  bytes.writeUInt32BE(0x514649fb, 0)
  bytes.writeUInt32BE(3, 4)
  bytes.writeBigUInt64BE(BigInt(gib) << 30n, 24)
  return bytes
}

const unfit: readonly [string, (world: World) => void, number, string][] = [
  [
    'a base that is bigger than its disk',
    ({ home }) => writeFileSync(join(home, 'my.qcow2'), qcow2(50)),
    3,
    'DVM_DISK is 30 GiB, but the base is a disk of 50 GiB',
  ],
  [
    'a base that is no disk',
    (world) => void world.write('my.qcow2', 'x'),
    6,
    'HOME/my.qcow2 is neither a qcow2 nor a raw disk that can boot',
  ],
  [
    'a directory as base',
    ({ home }) => mkdirSync(join(home, 'my.qcow2')),
    3,
    'HOME/my.qcow2 is not a file, so it is no disk image',
  ],
  ['no base where one is named', () => undefined, 3, 'DVM_BASE_IMAGE: there is no HOME/my.qcow2'],
]
for (const [what, prepare, exitCode, message] of unfit)
  test(`recreate with ${what} leaves the VM as it is`, async (t) => {
    const world = vmOf(t, { DVM_BASE_IMAGE: '~/my.qcow2' })
    prepare(world)
    await assert.rejects(recreate(world), { exitCode, message: message.replace('HOME', world.home) })
    assert.ok(world.memory.vms.has('dvm-app'))
    assert.deepEqual(world.story, [])
  })

test('a VM type that Lima lacks is told while the VM is there', async (t) => {
  const world = vmOf(t, { DVM_VM_TYPE: 'vz' })
  await assert.rejects(recreate(world), {
    code: 'config',
    message: 'DVM_VM_TYPE is vz, which Lima does not have on this machine',
    hint: 'set it to qemu, or unset it',
  })
  assert.ok(world.memory.vms.has('dvm-app'))
})

test('a base whose disk is gone is no reason to make VMs from something else', async (t) => {
  const world = vmOf(t)
  const root = join(world.home, '.cache/dvm/base')
  mkdirSync(root, { recursive: true })
  symlinkSync('generations/gone', join(root, 'current'))
  symlinkSync('current/disk.qcow2', join(root, 'disk.qcow2'))
  await assert.rejects(recreate(world), {
    code: 'integrity',
    message: `${root}/disk.qcow2 leads to a disk that is gone`,
    hint: 'dvm base build',
  })
  assert.ok(world.memory.vms.has('dvm-app'))
})

const projectOf = (t: TestContext, variables: Record<string, string> = {}) => {
  const { podman, port } = memoryPodman()
  const world = memoryWorld(t, variables, () => ({ containers: port }))
  world.write('.config/dvm/vms/app/projects/api/project.sh', '')
  addVm(world.memory, 'dvm-app', 'Running')
  return { world, podman }
}
const target = { vm: 'app', project: 'api' }
const options = { yes: true, force: true, keepData: false, config: false }

test('a project is not given away for a dev-base that cannot be made', async (t) => {
  const { world, podman } = projectOf(t)
  world.write('.config/dvm/base/dev/Containerfile', 'FROM x\n')
  world.write('.config/dvm/base/packages.txt', '-y\n')
  await assert.rejects(resetProject(world.deps, target, options), {
    code: 'config',
    message: `${world.base}/packages.txt:1: "-y" is no package`,
  })
  assert.deepEqual(podman.calls, ['state', 'prepare', 'state'])
})

test('nor for an image that is nowhere', async (t) => {
  const { world, podman } = projectOf(t)
  world.write('.config/dvm/vms/app/projects/api/project.sh', 'IMAGE=docker.io/library/nod:24\n')
  podman.ready = true
  podman.at = (call) => {
    if (call.startsWith('pull ')) throw new DvmError('network', 'the registry has no such image')
  }
  await assert.rejects(resetProject(world.deps, target, options), {
    message: 'the registry has no such image',
    logFile: join(world.home, '.local/state/dvm/app/project-api.log'),
  })
  assert.deepEqual(podman.calls, ['state', 'pull docker.io/library/nod:24 for dvm-app-api'])
})

test('nor for a dev-base whose build fails; one that is asked for anew is built once', async (t) => {
  const { world, podman } = projectOf(t, { DVM_REBUILD_DEV_BASE: '1' })
  world.write('.config/dvm/base/dev/Containerfile', 'FROM x\n')
  podman.ready = true
  podman.at = (call) => {
    if (call.startsWith('build ')) throw new DvmError('failed', 'no such package')
  }
  await assert.rejects(resetProject(world.deps, target, options), { message: 'no such package' })
  assert.deepEqual(
    podman.calls.map((call) => call.split(' ')[0]),
    ['state', 'build'],
  )
  podman.at = () => undefined
  podman.calls.length = 0
  await resetProject(world.deps, target, options)
  assert.deepEqual(
    podman.calls.map((call) => call.split(' ')[0]),
    ['state', 'build', 'pull', 'remove', 'create'],
  )
})

test('what is to be typed to remove a project’s configuration as well says so', async (t) => {
  const { world } = projectOf(t)
  await assert.rejects(removeProject(world.deps, target, { ...options, yes: false, config: true }), {
    code: 'refused',
    hint: 'dvm rm app/api --yes --config',
  })
})
