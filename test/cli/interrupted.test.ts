// Ctrl-C at each step of a first sync: nothing half-made stays, and what ever ran does.
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'node:test'
import { dvmOnFake, type DvmOnFake } from '../support/dvm-on-fake.ts'

/** Sends SIGINT when the fake was called with these words. */
const interruptAt = async (
  { fake, run }: DvmOnFake,
  args: readonly string[],
  call: RegExp,
): Promise<Awaited<ReturnType<DvmOnFake['run']>>> => {
  let pid = 0
  const over = run(args, { onStart: (started) => (pid = started) })
  while (!fake.calls().some((line) => call.test(line))) await pause(10)
  process.kill(pid, 'SIGINT')
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
    const { exitCode, stderr } = await interruptAt(dvm, ['sync', 'app'], /^shell .*dvm-sync$/)
    assert.equal(exitCode, 130)
    assert.match(stderr, /\n✖ Prepare app and run its setup\.sh\ninterrupted\n$/)
    assert.equal(dvm.fake.instance('dvm-app')?.status, 'Running')
    assert.match(dvm.fake.journal().at(-1)?.guest?.stdin ?? '', /pkill -TERM/)
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
