import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import test from 'node:test'
import type { Command, Completed } from '../../../src/core/command.ts'
import type { Kvm } from '../../../src/ports/lima/accel.ts'
import { decideAcceleration, probeCommand, probeKvm } from '../../../src/ports/lima/accel.ts'
import type { Exec } from '../../../src/system/exec.ts'

const linux = { platform: 'linux', arch: 'x64' }

test('KVM that works, or that nobody can ask about, changes nothing', () => {
  for (const kvm of ['usable', 'unknown'] as const)
    assert.deepEqual(decideAcceleration(linux, {}, kvm), {
      emulated: false,
      variables: {},
      warning: undefined,
    })
})

test('KVM that is missing, closed or broken means emulation, said with its reason', () => {
  const reasons: [Kvm, RegExp][] = [
    ['missing', /no \/dev\/kvm/],
    ['closed', /usermod -aG kvm/],
    ['broken', /does not work/],
  ]
  for (const [kvm, reason] of reasons) {
    const decided = decideAcceleration(linux, {}, kvm)
    assert.equal(decided.emulated, true)
    assert.match(decided.warning ?? '', reason)
    assert.deepEqual(decided.variables, {
      QEMU_SYSTEM_X86_64:
        'qemu-system-x86_64 -machine q35,vmport=off -accel tcg,thread=multi,tb-size=512 -cpu max',
    })
  }
  assert.deepEqual(decideAcceleration({ platform: 'linux', arch: 'arm64' }, {}, 'missing').variables, {
    QEMU_SYSTEM_AARCH64: 'qemu-system-aarch64 -machine virt -accel tcg,thread=multi,tb-size=512 -cpu max',
  })
})

test('the user’s own QEMU settings win, without a warning', () => {
  const set = { QEMU_SYSTEM_X86_64: 'qemu-system-x86_64 -accel tcg' }
  assert.deepEqual(decideAcceleration(linux, set, 'missing'), {
    emulated: true,
    variables: {},
    warning: undefined,
  })
  const kvm = { QEMU_SYSTEM_X86_64: '/opt/qemu -accel kvm' }
  assert.equal(decideAcceleration(linux, kvm, 'missing').emulated, false)
})

test('other systems are left alone', () => {
  for (const host of [
    { platform: 'darwin', arch: 'arm64' },
    { platform: 'linux', arch: 's390x' },
  ])
    assert.equal(decideAcceleration(host, {}, 'missing').emulated, false)
})

test('the probe makes the machine that Lima would make', () => {
  const probe = probeCommand(linux, {})
  assert.match(probe?.args.join(' ') ?? '', /-machine q35\S* -accel kvm -cpu host .*-monitor stdio -S$/)
  assert.equal(probe?.input, 'quit\n')
  assert.equal(probeCommand({ platform: 'linux', arch: 's390x' }, {}), undefined)
})

/** A QEMU that answers as told, and counts. */
const qemu = (part: Partial<Completed>): { exec: Exec; calls: Command[] } => {
  const calls: Command[] = []
  const completed = {
    command: '',
    exitCode: 0,
    code: undefined,
    stdout: '',
    stderr: '',
    timedOut: false,
    canceled: false,
  }
  const capture = (command: Command): Promise<Completed> => {
    calls.push(command)
    return Promise.resolve({ ...completed, ...part })
  }
  return { calls, exec: { capture, stream: capture, attach: () => Promise.resolve(0) } }
}

const setup = (t: TestContext) => {
  const root = mkdtempSync(join(tmpdir(), 'dvm-kvm-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const [device, bootIdFile, cacheFile] = [
    join(root, 'kvm'),
    join(root, 'boot_id'),
    join(root, 'cache', 'kvm'),
  ]
  writeFileSync(device, '')
  writeFileSync(bootIdFile, 'first-boot\n')
  return { device, bootIdFile, cacheFile, host: linux, env: {} }
}

test('the device decides first, then QEMU', async (t) => {
  const where = setup(t)
  const { exec, calls } = qemu({})
  assert.equal(await probeKvm({ ...where, exec, device: join(where.device, '..', 'none') }), 'missing')
  chmodSync(where.device, 0o000)
  // Root may open anything; for everybody else the file is closed.
  if (process.getuid?.() !== 0) assert.equal(await probeKvm({ ...where, exec }), 'closed')
  assert.equal(calls.length, 0)
  chmodSync(where.device, 0o600)
  assert.equal(await probeKvm({ ...where, exec, cacheFile: undefined }), 'usable')
  const aborted = qemu({ exitCode: undefined })
  assert.equal(await probeKvm({ ...where, exec: aborted.exec, cacheFile: undefined }), 'broken')
  const hanging = qemu({ exitCode: undefined, timedOut: true })
  assert.equal(await probeKvm({ ...where, exec: hanging.exec, cacheFile: undefined }), 'broken')
  const none = qemu({ exitCode: undefined, code: 'ENOENT' })
  assert.equal(await probeKvm({ ...where, exec: none.exec, cacheFile: undefined }), 'unknown')
})

test('QEMU is asked once a boot', async (t) => {
  const where = setup(t)
  const broken = qemu({ exitCode: 1 })
  assert.equal(await probeKvm({ ...where, exec: broken.exec }), 'broken')
  assert.equal(await probeKvm({ ...where, exec: broken.exec }), 'broken')
  assert.equal(broken.calls.length, 1)
  assert.equal(readFileSync(where.cacheFile, 'utf8'), 'first-boot broken\n')
  assert.equal(await probeKvm({ ...where, exec: qemu({}).exec, askAgain: true }), 'usable')
  assert.equal(readFileSync(where.cacheFile, 'utf8'), 'first-boot usable\n')
  writeFileSync(where.bootIdFile, 'second-boot\n')
  assert.equal(await probeKvm({ ...where, exec: qemu({}).exec }), 'usable')
})
