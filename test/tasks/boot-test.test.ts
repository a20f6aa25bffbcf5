// The boot test: what it refuses, what it shows, and that its VM is gone afterwards in every case.
import assert from 'node:assert/strict'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { bootTest } from '../../src/tasks/boot-test.ts'
import { addVm } from '../support/memory-lima.ts'
import { bootReport, memoryWorld, type World } from '../support/memory-world.ts'

const candidate = { disk: '/c/disk.qcow2', virtualSize: 10 * 1024 ** 3, document: '/c/lima.yaml' }
const voice = { progress: () => undefined, note: () => undefined }
const boot = (world: World, log: (line: string) => void = () => undefined) =>
  bootTest(world.deps, candidate, voice, log)
const failure = async (world: World): Promise<DvmError> => {
  const error = await boot(world).then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof DvmError, String(error))
  assert.equal(world.memory.vms.size, 0, 'the VM is gone')
  return error
}

test('boots the candidate on a larger disk, asks it, and removes it', async (t) => {
  const world = memoryWorld(t)
  let spec: unknown
  world.memory.run = (instance, guest) => {
    spec = world.memory.vms.get(instance.name)?.spec
    assert.match(guest.input ?? '', /root_bytes=/)
    return { stdout: bootReport }
  }
  await boot(world)
  assert.deepEqual(spec, { name: 'dvm-base', template: '/c/lima.yaml', cpus: 2, memory: 2, disk: 14 })
  assert.equal(world.memory.vms.size, 0)
  assert.equal(world.memory.calls.at(-1), 'undo delete dvm-base --force')
})

test('what an earlier boot test left is removed first', async (t) => {
  const world = memoryWorld(t)
  addVm(world.memory, 'dvm-base')
  await boot(world)
  assert.deepEqual(world.memory.calls.slice(0, 3), ['list', 'delete dvm-base --force', 'create dvm-base'])
})

test('a system that boots but is not well is refused with what is wrong', async (t) => {
  const world = memoryWorld(t)
  world.memory.run = () => ({
    stdout: 'root_bytes=6000000000\nfailed_units=x.service\nzram_swap=no\ncloud_init=done\n',
  })
  const { message, hint, code } = await failure(world)
  assert.equal(code, 'failed')
  assert.equal(
    message,
    'the new base does not pass the boot test: the root file system did not grow to the disk: it is 5.6 GiB, at least 11 GiB expected; failed units: x.service; zram swap is not on',
  )
  assert.equal(hint, 'correct your Containerfile and build again; the old base stays in use')
})

for (const [units, hint] of [
  [
    'my-app.service other.timer',
    'correct your Containerfile and build again; the old base stays in use. To publish it with them: dvm base build --no-boot-test',
  ],
  ['my-app.service ssh.service', 'correct your Containerfile and build again; the old base stays in use'],
] as const)
  test(`one that is well but for ${units} is refused with the way out`, async (t) => {
    const world = memoryWorld(t)
    world.memory.run = () => ({
      stdout: bootReport.replace('failed_units=', `failed_units=${units}`),
    })
    const { message, hint: told } = await failure(world)
    assert.equal(
      message,
      `the new base does not pass the boot test: failed units: ${units.replace(' ', ', ')}`,
    )
    assert.equal(told, hint)
  })

test('a system that cannot run the check is refused', async (t) => {
  const world = memoryWorld(t)
  world.memory.run = () => ({ exitCode: 127, stderr: 'bash: sudo: command not found' })
  const { message, tail } = await failure(world)
  assert.equal(message, 'the new base does not pass the boot test: it boots, but cannot run the boot check')
  assert.deepEqual(tail, ['bash: sudo: command not found'])
})

test('one that does not come up is refused with the last lines of its console', async (t) => {
  const world = memoryWorld(t)
  world.console.push(...Array.from({ length: 30 }, (_, index) => `line ${index}`), 'login:')
  world.memory.at = (call) => {
    if (call === 'start dvm-base') throw new DvmError('failed', 'dvm-base did not become ready in time')
  }
  const { message, tail } = await failure(world)
  assert.equal(message, 'the new base does not pass the boot test: it did not become ready in time')
  assert.deepEqual([tail.length, tail.at(-1)], [20, 'login:'])
})

test('a hopeless console ends the wait at once, with the reason', async (t) => {
  const world = memoryWorld(t)
  world.console.push('Kernel panic - not syncing: VFS: Unable to mount root fs')
  // As the real one: it waits until somebody stops the VM.
  world.memory.at = async (call) => {
    if (call !== 'start dvm-base') return
    const { promise, resolve } = Promise.withResolvers<void>()
    world.memory.at = (later) => {
      if (later === 'undo stop dvm-base --force') resolve()
    }
    await promise
    throw new DvmError('failed', 'dvm-base stopped while it was starting')
  }
  const { message, tail } = await failure(world)
  assert.equal(message, 'the new base does not pass the boot test: it does not boot: the kernel panicked')
  assert.match(tail.at(-1) ?? '', /^Kernel panic/)
})

/** As the real one: start waits until somebody stops the VM. */
const hangs = (world: World, times: number): void => {
  let left = times
  world.memory.at = async (call) => {
    if (call !== 'start dvm-base' || left === 0) return
    left -= 1
    const before = world.memory.at
    const { promise, resolve } = Promise.withResolvers<void>()
    world.memory.at = (later) => {
      if (later === 'undo stop dvm-base --force') resolve()
    }
    await promise
    world.memory.at = before
    world.console.length = 0
    if (left > 0) world.console.push(...lost)
    throw new DvmError('failed', 'dvm-base stopped while it was starting')
  }
  world.console.push(...lost)
}
const lost = Array.from(
  { length: 2 },
  () => "rcu: rcu_preempt kthread timer wakeup didn't happen for 5246 jiffies!",
)

test('a kernel that lost its timer is started once more, and that is said', async (t) => {
  const world = memoryWorld(t)
  world.memory.run = () => ({ stdout: bootReport })
  hangs(world, 1)
  await boot(world)
  assert.ok(
    world.story.includes(
      'dvm-base does not boot: its kernel waits for a timer that the emulator lost; starting it once more',
    ),
  )
})

test('one that loses it twice is given up', async (t) => {
  const world = memoryWorld(t)
  hangs(world, 2)
  const { message } = await failure(world)
  assert.match(message, /its kernel waits for a timer that the emulator lost$/)
})

test('what is Lima’s or the machine’s fault is not blamed on the base', async (t) => {
  const world = memoryWorld(t)
  world.memory.at = (call) => {
    if (call === 'start dvm-base') throw new DvmError('tool', 'Lima needs qemu-img, which is not installed')
  }
  assert.equal((await failure(world)).message, 'Lima needs qemu-img, which is not installed')
})

test('an interruption removes the VM, too', async (t) => {
  const world = memoryWorld(t)
  world.memory.at = (call) => {
    if (call === 'start dvm-base') world.interrupt()
  }
  await assert.rejects(boot(world), { name: 'Interrupted' })
  assert.equal(world.memory.vms.size, 0)
})

test('a VM that cannot be removed does not hide the result', async (t) => {
  const world = memoryWorld(t)
  const lines: string[] = []
  world.memory.at = (call) => {
    if (call.startsWith('undo delete')) throw new DvmError('failed', 'busy')
  }
  await boot(world, (line) => lines.push(line))
  assert.ok(lines.includes('busy'))
})
