// What the port says of this machine, with programs and files of the test's own making.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { Command, Completed } from '../../src/core/command.ts'
import { createHostFacts } from '../../src/ports/host-facts.ts'
import { createExec, type Exec } from '../../src/system/exec.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

const setUp = (t: TestContext, variables: Record<string, string> = {}, exec?: Exec) => {
  const root = temporaryDirectory(t)
  const facts = createHostFacts({
    exec: exec ?? createExec(new AbortController().signal),
    variables: { PATH: `${root}/none:${root}/bin`, ...variables },
    kvmCacheFile: join(root, 'cache/kvm'),
  })
  const program = (name: string, text: string, mode = 0o755): string => {
    const path = writePrivate(join(root, 'bin', name), `#!/bin/sh\n${text}\n`)
    chmodSync(path, mode)
    return path
  }
  return { root, facts, program }
}

test('programs are found on PATH or by their path, when they can be run', async (t) => {
  const { root, facts, program } = setUp(t)
  const path = program('tool', 'exit 0')
  const closed = program('closed', 'exit 0', 0o644)
  mkdirSync(join(root, 'bin/folder'))
  assert.equal(await facts.locate('tool'), path)
  assert.equal(await facts.locate(path), path)
  for (const none of ['other', 'closed', closed, 'folder', join(root, 'bin')])
    assert.equal(await facts.locate(none), undefined, none)
})

test('a program says its version on either stream, fails, or is not there', async (t) => {
  const { facts, program } = setUp(t)
  const path = program('loud', 'echo "loud 1.2 $1" >&2')
  assert.deepEqual(await facts.tool('loud', ['-V']), { path, state: 'runs', says: 'loud 1.2 -V' })
  program('wrong', 'echo cannot load; exit 127')
  assert.deepEqual((await facts.tool('wrong', []))?.state, 'fails')
  assert.equal(await facts.tool('none', []), undefined)
})

test('a program that does not end is told from one that fails', async (t) => {
  const completed: Completed = {
    command: '',
    exitCode: undefined,
    code: undefined,
    stdout: '',
    stderr: '',
    timedOut: true,
    canceled: false,
  }
  const limits: (number | undefined)[] = []
  const capture = (command: Command): Promise<Completed> => {
    limits.push(command.timeoutMs)
    return Promise.resolve(completed)
  }
  const exec: Exec = { capture, stream: capture, attach: () => Promise.resolve(0) }
  const { facts, program } = setUp(t, {}, exec)
  program('slow', '')
  assert.equal((await facts.tool('slow', []))?.state, 'hangs')
  assert.ok(limits.every((limit) => limit !== undefined && limit < 10_000))
})

test('space is that of the nearest directory that is there', async (t) => {
  const { root, facts } = setUp(t)
  const space = await facts.space(join(root, 'not/there/yet'))
  assert.deepEqual([space.at, space.isDirectory, space.mayWrite], [root, true, true])
  assert.ok(space.free > 0)
  assert.equal(space.device, (await facts.space(root)).device)
  const file = writePrivate(join(root, 'file'), '')
  const inside = await facts.space(join(file, 'x'))
  assert.deepEqual([inside.at, inside.isDirectory], [file, false])
  chmodSync(root, 0o500)
  // Root may write anywhere.
  if (process.getuid?.() !== 0) assert.equal((await facts.space(root)).mayWrite, false)
  chmodSync(root, 0o700)
})

test('the kind of what is at a path, after links', async (t) => {
  const { root, facts } = setUp(t)
  const file = writePrivate(join(root, 'file'), '')
  for (const [name, target] of [
    ['link', file],
    ['lost', '/nowhere/at/all'],
    ['device', '/dev/null'],
  ] as const)
    symlinkSync(target, join(root, name))
  const kinds = {
    file: 'file',
    link: 'file',
    lost: 'missing',
    none: 'missing',
    'file/x': 'missing',
    device: 'other',
    '': 'directory',
  }
  for (const [name, kind] of Object.entries(kinds))
    assert.equal(await facts.kind(join(root, name)), kind, name)
  if (process.getuid?.() === 0) return
  chmodSync(file, 0o000)
  assert.equal(await facts.kind(file), 'unreadable')
})

test('QEMU is the one that Lima would run; KVM is not looked at where somebody else decides', async (t) => {
  const variable = process.arch === 'arm64' ? 'QEMU_SYSTEM_AARCH64' : 'QEMU_SYSTEM_X86_64'
  const { root, facts } = setUp(t, { [variable]: '/opt/qemu -accel tcg' })
  const qemu = await facts.qemu()
  assert.deepEqual(
    [qemu?.program, qemu?.variable, qemu?.kvm, qemu?.emulated],
    ['/opt/qemu', variable, 'not-asked', process.platform === 'linux'],
  )
  assert.ok(!existsSync(join(root, 'cache/kvm')))
  assert.equal(facts.qemuProgram(), '/opt/qemu')
  assert.equal(
    setUp(t).facts.qemuProgram(),
    variable.toLowerCase().replaceAll('_', '-').replace('x86-64', 'x86_64'),
  )
})

test('memory, version, system and variables are this process’s', async (t) => {
  const { facts } = setUp(t, { LIMA_HOME: '/l' })
  assert.equal(facts.node, process.versions.node)
  assert.ok(facts.memory > 0 && Number.isFinite(facts.memory))
  assert.deepEqual([facts.variable('LIMA_HOME'), facts.variable('NOT_SET')], ['/l', undefined])
  const { platform, arch, osRelease } = await facts.system()
  assert.deepEqual([platform, arch], [process.platform, process.arch])
  if (existsSync('/etc/os-release')) assert.equal(osRelease, readFileSync('/etc/os-release', 'utf8'))
})
