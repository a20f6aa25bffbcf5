// Ctrl-C at each step of a first sync: nothing half-made stays, and what ever ran does.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { createBaseStore } from '../../src/ports/store/index.ts'
import { asDeveloper } from '../support/as-developer.ts'
import { below } from '../support/below.ts'
import { dvmOnFake, type DvmOnFake } from '../support/dvm-on-fake.ts'
import { publish } from '../support/generations.ts'

/** Sends a signal when the fake was called with these words. */
const interruptAt = async (
  { fake, run }: DvmOnFake,
  args: readonly string[],
  call: RegExp,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<Awaited<ReturnType<DvmOnFake['run']>>> => {
  let pid = 0
  const over = run(args, { onStart: (started) => (pid = started) })
  while (!fake.calls().some((line) => call.test(line))) await pause(10)
  process.kill(pid, signal)
  return over
}

for (const step of ['create', 'start'])
  test(`Ctrl-C while Lima is at work on "${step}" of a new VM removes it`, { timeout: 30_000 }, async (t) => {
    const dvm = dvmOnFake(t, { limactl: [{ match: [step], hang: true }] })
    dvm.write('.config/dvm/vms/app/config.sh', '')
    const { exitCode, stderr } = await interruptAt(dvm, ['sync', 'app'], new RegExp(`^${step} `))
    assert.deepEqual(
      [exitCode, stderr],
      [
        130,
        'stopping and taking back what this run made (once more exits at once)\n✖ Create app\ninterrupted\n',
      ],
    )
    assert.equal(dvm.fake.instance('dvm-app'), undefined)
  })

test(
  'Ctrl-C in setup.sh keeps the VM that came up, and stops what runs in it',
  { timeout: 30_000 },
  async (t) => {
    const dvm = dvmOnFake(t, { guest: [{ match: ['bash', '-s'], hang: true }] })
    dvm.write('.config/dvm/vms/app/setup.sh', 'sleep 1d\n')
    const { exitCode, stderr } = await interruptAt(dvm, ['sync', 'app'], /^shell .*dvm:sync$/)
    assert.equal(exitCode, 130)
    assert.match(stderr, /\n✖ Prepare app and run its setup\.sh\ninterrupted\n$/)
    assert.equal(dvm.fake.instance('dvm-app')?.status, 'Running')
    assert.match(dvm.fake.journal().at(-1)?.guest?.stdin ?? '', /kill -TERM/)
  },
)

const workOf = ['bash', '-s', '--', 'dvm:sync']
const spec = { image: 'a', nested: false, workdir: '/work', ports: [] }
const containers = (names: readonly string[]): string =>
  `::dvm ready yes\n::dvm containers\n${JSON.stringify(
    names.map((name) => ({
      Id: name,
      Names: [name],
      State: 'running',
      Labels: { 'dvm.project': 'api', 'dvm.spec': JSON.stringify(spec) },
    })),
  )}\n\n::dvm images\n[]\n`
const inProject = [
  ['in setup.sh of a project', ['dvm-app-api'], /podman exec .*dvm-app-api bash -s -- dvm:sync$/],
  ['while its container is made', [], /bash -s -- dvm:sync podman run /],
] as const
for (const [when, names, call] of inProject)
  test(`Ctrl-C ${when} stops that work in the VM`, { timeout: 30_000 }, async (t) => {
    const hang = { match: asDeveloper('ada', names.length > 0 ? ['podman', 'exec'] : workOf), hang: true }
    const state = { match: asDeveloper('ada', ['bash', '-s', '--', 'app']), stdout: containers(names) }
    const dvm = dvmOnFake(t, { guest: [state, hang] })
    dvm.fake.add({ name: 'dvm-app', status: 'Running' })
    dvm.write('.config/dvm/vms/app/config.sh', 'DVM_USER=ada\n')
    dvm.write('.config/dvm/vms/app/projects/api/project.sh', 'IMAGE=a\n')
    dvm.write('.config/dvm/vms/app/projects/api/setup.sh', 'sleep 1d\n')
    const { exitCode, stderr } = await interruptAt(dvm, ['sync', 'app'], call)
    assert.equal(exitCode, 130)
    assert.match(stderr, /\n✖ Project api\ninterrupted\n$/)
    const last = dvm.fake.journal().at(-1)?.guest
    assert.equal(last?.argv.join(' '), 'sudo bash -s')
    assert.match(last?.stdin ?? '', /kill -TERM/)
  })

test(
  'a dvm that was killed in setup.sh: the next sync stops what it left, and says so',
  { timeout: 30_000 },
  async (t) => {
    const dvm = dvmOnFake(t, { guest: [{ match: ['bash', '-s'], times: 1, hang: true }] })
    dvm.fake.add({ name: 'dvm-app', status: 'Running' })
    dvm.write('.config/dvm/vms/app/config.sh', 'DVM_CPUS=2\n')
    dvm.write('.config/dvm/vms/app/setup.sh', 'sleep 1d\n')
    await interruptAt(dvm, ['sync', 'app'], /^shell .*dvm:sync$/, 'SIGKILL')
    const calls = dvm.fake.calls().length
    const { exitCode, stderr } = await dvm.run(['sync', 'app'])
    assert.deepEqual(
      [exitCode, stderr],
      [
        0,
        '  the last sync of app was cut off: stopping what it left running in it\n✔ Prepare app and run its setup.sh\n',
      ],
    )
    assert.equal(dvm.fake.calls().slice(calls).length, 3)
    assert.equal((await dvm.run(['sync', 'app'])).stderr, '✔ Prepare app and run its setup.sh\n')
    assert.equal(dvm.fake.calls().slice(calls).length, 5, 'one list and one round trip')
  },
)

for (const step of ['create', 'start'])
  test(
    `kill -9 while Lima is at work on "${step}" of a new VM: the next sync brings it up, and what it was made from is known`,
    { timeout: 30_000 },
    async (t) => {
      const dvm = dvmOnFake(t, { limactl: [{ match: [step], times: 1, hang: true }] })
      dvm.write('.config/dvm/vms/app/config.sh', 'DVM_CPUS=2\n')
      await publish(createBaseStore(join(dvm.home, '.cache/dvm')))
      await interruptAt(dvm, ['sync', 'app'], new RegExp(`^${step} `), 'SIGKILL')
      // Nobody told limactl: it makes what it was asked for.
      if (step === 'create') dvm.fake.add({ name: 'dvm-app' })
      const { exitCode, stderr } = await dvm.run(['sync', 'app'])
      assert.deepEqual([exitCode, stderr], [0, '✔ Start app\n✔ Prepare app\n'])
      const rows = JSON.parse((await dvm.run(['ls', '--json'])).stdout) as unknown
      assert.partialDeepStrictEqual(rows, [
        { name: 'app', state: 'Running', generation: 'a'.repeat(64), behind: false, drift: [] },
      ])
      const left = below(join(dvm.home, '.local/state/dvm')).filter((path) => !path.startsWith('locks'))
      assert.deepEqual(left.sort(), [
        'app',
        ...['lima.log', 'lima.yaml', 'setup.log', 'state.json'].map((file) => `app/${file}`),
      ])
    },
  )

test('a second Ctrl-C does not wait for what is taken back', { timeout: 60_000 }, async (t) => {
  const { fake, run, write } = dvmOnFake(t, {
    limactl: [
      { match: ['start'], hang: true },
      { match: ['delete'], hang: true },
    ],
  })
  write('.config/dvm/vms/app/config.sh', '')
  let pid = 0
  const over = run(['sync', 'app'], { onStart: (started) => (pid = started) })
  for (const reached of ['start', 'delete']) {
    while (!fake.calls().some((call) => call.startsWith(reached))) await pause(10)
    process.kill(pid, 'SIGINT')
  }
  assert.equal((await over).exitCode, 130)
})

test(
  'Ctrl-C while an entered VM starts says nothing of taking back: nothing was made',
  { timeout: 30_000 },
  async (t) => {
    const dvm = dvmOnFake(t, { limactl: [{ match: ['start'], hang: true }] })
    dvm.fake.add({ name: 'dvm-app', status: 'Stopped' })
    assert.deepEqual(await interruptAt(dvm, ['ssh', 'app', '--', 'true'], /^start /), {
      exitCode: 130,
      stdout: '',
      stderr: 'starting app\n',
    })
  },
)
