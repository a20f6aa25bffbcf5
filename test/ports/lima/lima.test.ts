// The port on the fake: what the contract cannot show, because the real limactl would have to be broken for it.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { createExec } from '../../../src/system/exec.ts'
import { fakeLima, portOn } from '../../support/fake-lima.ts'

test('a Lima that is missing, too old, of unknown version, or run as root', async (t) => {
  const fake = fakeLima(t)
  const missing = portOn(fake, { limactl: 'no-such-limactl' }).lima
  await assert.rejects(missing.version(), { code: 'tool', message: /not installed/ })
  const { lima, warnings } = portOn(fake)
  fake.script({ version: '2.0.9' })
  await assert.rejects(lima.version(), { code: 'tool', message: 'Lima 2.0.9 is too old' })
  fake.script({ version: '<unknown>' })
  assert.equal(await lima.version(), 'unknown')
  assert.equal(warnings.length, 1)
  fake.script({ root: true })
  await assert.rejects(lima.version(), { code: 'refused', message: /as root/ })
})

test('where a VM is made only an old Lima is refused: whatever else is wrong is told by the call that meets it', async (t) => {
  const fake = fakeLima(t)
  await portOn(fake, { limactl: 'no-such-limactl' }).lima.refuseTooOld()
  for (const script of [
    { root: true },
    { version: '<unknown>' },
    { limactl: [{ match: ['--version'], exitCode: 64, stderr: 'usage: …\n' }] },
    { limactl: [{ match: ['--version'], exitCode: 127 }] },
    { limactl: [{ match: ['--version'], stdout: '' }] },
    { limactl: [{ match: ['--version'], stdout: 'stand-in 0.1\n' }] },
  ]) {
    fake.script(script)
    const { lima, warnings } = portOn(fake)
    await lima.refuseTooOld()
    assert.deepEqual(warnings, [])
  }
  fake.script({ version: '2.0.9' })
  const old = portOn(fake).lima
  const before = fake.calls().filter((call) => call === '--version').length
  for (const _ of ['first', 'again'])
    await assert.rejects(old.refuseTooOld(), { code: 'tool', message: 'Lima 2.0.9 is too old' })
  assert.equal(fake.calls().filter((call) => call === '--version').length - before, 1, 'asked once')
})

test('a host without KVM: limactl gets the settings, the user one warning, a start more time', async (t) => {
  const fake = fakeLima(t)
  fake.add({ name: 'dvm-app' })
  const host = { platform: 'linux', arch: 'x64' }
  const { lima, warnings } = portOn(fake, { host, kvmDevice: join(fake.root, 'none') })
  await lima.create({ name: 'dvm-new', template: 'template:debian-13' })
  await lima.start('dvm-app')
  assert.equal(warnings.length, 1)
  const calls = fake.journal().filter(({ argv }) => argv.includes('create') || argv.includes('start'))
  assert.equal(calls.length, 2)
  for (const { environment } of calls) assert.match(environment['QEMU_SYSTEM_X86_64'] ?? '', /-accel tcg/)
  assert.deepEqual(fake.calls().at(-1), 'start --timeout=1800s dvm-app')
})

test('KVM is not looked at before something is created or started', async (t) => {
  const fake = fakeLima(t)
  const { lima, warnings } = portOn(fake, {
    host: { platform: 'linux', arch: 'x64' },
    kvmDevice: join(fake.root, 'none'),
  })
  await lima.list()
  await lima.delete('dvm-app')
  assert.deepEqual(warnings, [])
})

test('dry run shows the command that the real run executes', async (t) => {
  const fake = fakeLima(t)
  const { lima } = portOn(fake)
  const spec = { name: 'dvm-app', template: 'template:debian-13', cpus: 2 }
  const { args } = lima.createCommand(spec)
  await lima.create(spec)
  assert.deepEqual(fake.journal().at(-1)?.argv, args)
  await lima.start('dvm-app')
  assert.deepEqual(fake.journal().at(-1)?.argv, lima.startCommand('dvm-app').args)
})

test('a start that fails says why, and what Lima said', async (t) => {
  const stderr =
    '{"level":"error","msg":"boot"}\n{"level":"fatal","msg":"did not receive an event with the `running` status"}\n'
  const fake = fakeLima(t, { limactl: [{ match: ['start'], times: 1, exitCode: 1, stderr }] })
  fake.add({ name: 'dvm-app' })
  const { lima } = portOn(fake)
  const lines: string[] = []
  await assert.rejects(
    lima.start('dvm-app', {}, (line) => lines.push(line)),
    { code: 'failed', message: 'dvm-app did not become ready in time' },
  )
  assert.deepEqual(lines, [
    'error: boot',
    'fatal: did not receive an event with the `running` status',
    'limactl could not start dvm-app: exit code 1',
  ])
  await lima.start('dvm-app')
  assert.equal(fake.instance('dvm-app')?.status, 'Running')
})

test('an abort ends a limactl that hangs', async (t) => {
  const fake = fakeLima(t, { limactl: [{ match: ['start'], hang: true }] })
  fake.add({ name: 'dvm-app' })
  const abort = new AbortController()
  const { lima } = portOn(fake, { exec: createExec(abort.signal) })
  const started = lima.start('dvm-app')
  setTimeout(() => abort.abort(), 300)
  await assert.rejects(started, { message: /interrupted: start dvm-app/ })
})

test('a list that cannot be read is an error', async (t) => {
  const fake = fakeLima(t, { limactl: [{ match: ['list'], stdout: 'what?\n' }] })
  await assert.rejects(portOn(fake).lima.list(), { code: 'failed', message: /not an instance: what\?/ })
})

test('scripted guests answer, and what they were fed is recorded', async (t) => {
  const fake = fakeLima(t, {
    guest: [{ match: ['podman', '--version'], stdout: 'podman version 5\n', exitCode: 3 }],
  })
  fake.add({ name: 'dvm-app', status: 'Running' })
  const { lima } = portOn(fake)
  const [instance] = await lima.list()
  assert.ok(instance)
  const answered = await lima.run(instance, { argv: ['podman', '--version'], workdir: '/tmp' })
  assert.deepEqual([answered.stdout, answered.exitCode], ['podman version 5', 3])
  const silent = await lima.run(instance, { argv: ['bash', '-s'], input: 'echo $HOME\n' })
  assert.deepEqual([silent.stdout, silent.exitCode], ['', 0])
  assert.deepEqual(
    fake.journal().map(({ guest }) => guest),
    [
      undefined,
      { argv: ['podman', '--version'], workdir: '/tmp', stdin: '' },
      { argv: ['bash', '-s'], workdir: '/', stdin: 'echo $HOME\n' },
    ],
  )
})

test('ssh is used when Lima’s socket is there, unless $SSH says otherwise', async (t) => {
  const fake = fakeLima(t, { ssh: true })
  const { lima } = portOn(fake)
  await lima.create({ name: 'dvm-app', template: 'template:debian-13' })
  await lima.start('dvm-app')
  const [instance] = await lima.list()
  assert.ok(instance)
  await lima.run(instance, { argv: ['true'] })
  assert.equal(fake.journal().at(-1)?.program, 'ssh')
  const ownSsh = portOn(fake, { variables: { ...fake.variables, SSH: 'ssh -v' } }).lima
  await ownSsh.run(instance, { argv: ['true'] })
  assert.equal(fake.journal().at(-1)?.program, 'limactl')
})

test('a VM that does not answer over ssh is told from a command that exits with 255', async (t) => {
  const fake = fakeLima(t, { ssh: true, guest: [{ match: ['fail'], exitCode: 255, stderr: 'mine' }] })
  const { lima } = portOn(fake)
  await lima.create({ name: 'dvm-app', template: 'template:debian-13' })
  await lima.start('dvm-app')
  const [instance] = await lima.list()
  assert.ok(instance)
  assert.equal((await lima.run(instance, { argv: ['fail'] })).exitCode, 255)
  assert.equal(await lima.attach(instance, { argv: ['fail'] }, { stdin: false }), 255)
  const unreachable = { code: 'failed', message: 'dvm-app does not answer over ssh' }
  const said = [{ match: ['ssh'], exitCode: 255, stderr: 'Connection closed by 127.0.0.1 port 40022\n' }]
  fake.script({ ssh: true, limactl: said })
  await assert.rejects(lima.run(instance, { argv: ['true'] }), unreachable)
  // Nothing said: only asking again can tell.
  fake.script({ ssh: true, limactl: [{ match: ['ssh'], exitCode: 255 }] })
  await assert.rejects(lima.run(instance, { argv: ['true'] }), unreachable)
  await assert.rejects(lima.attach(instance, { argv: ['true'] }, { stdin: false }), unreachable)
})

test('a terminal’s TERM is one that the guest knows', async (t) => {
  const fake = fakeLima(t, { ssh: true })
  const { lima } = portOn(fake, { variables: { ...fake.variables, TERM: 'xterm-ghostty' } })
  await lima.create({ name: 'dvm-app', template: 'template:debian-13' })
  await lima.start('dvm-app')
  const [instance] = await lima.list()
  assert.ok(instance)
  assert.equal(await lima.attach(instance, { argv: ['true'] }, { tty: true, stdin: false }), 0)
  const entry = fake.journal().at(-1)
  assert.equal(entry?.environment['TERM'], 'xterm-256color')
  assert.ok(entry?.argv.includes('-t'))
})

test('copy refuses names that limactl or scp would read in their own way', async (t) => {
  const fake = fakeLima(t)
  fake.add({ name: 'dvm-app', status: 'Running' })
  const { lima } = portOn(fake)
  const [instance] = await lima.list()
  assert.ok(instance)
  writeFileSync(join(fake.root, 'a'), '')
  for (const [host, guest] of [
    ['./a:b', '/b'],
    [join(fake.root, 'a'), '/tmp/%41'],
    [join(fake.root, 'a'), '/tmp/*'],
  ] as const)
    await assert.rejects(lima.copy(instance, { direction: 'to-guest', host, guest }), { code: 'usage' })
})

test('a limactl that knows no templates, or fields of other names, is asked for JSON', async (t) => {
  for (const answer of [{ exitCode: 64, stderr: 'unknown format\n' }, { stdout: '{"name":<no value>}\n' }]) {
    const fake = fakeLima(t, { limactl: [{ match: ['list'], times: 1, ...answer }] })
    fake.add({ name: 'dvm-app', status: 'Running' })
    const { lima } = portOn(fake)
    const found = await lima.list()
    assert.deepEqual(
      found.map(({ name, status }) => [name, status]),
      [['dvm-app', 'Running']],
    )
    assert.deepEqual(await lima.list(), found)
    assert.equal(fake.calls().at(-2), 'list --format json')
  }
})
