// A signal while dvm is at work, after everything that listens for signals has been loaded.
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'node:test'
import { dvmOnFake } from '../support/dvm-on-fake.ts'

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  test(
    `${signal} while a VM starts: it is taken away again, exit ${exitCode}`,
    { timeout: 60_000 },
    async (t) => {
      const { fake, run, write } = dvmOnFake(t, { limactl: [{ match: ['start'], hang: true }] })
      write('.config/dvm/vms/app/config.sh', '')
      let pid = 0
      const over = run(['sync', 'app'], { onStart: (started) => (pid = started) })
      while (!fake.calls().some((call) => call.startsWith('start'))) await pause(10)
      process.kill(pid, signal)
      assert.deepEqual(await over, {
        exitCode,
        stdout: '',
        stderr:
          'stopping and taking back what this run made (once more exits at once)\n✖ Create app\ninterrupted\n',
      })
      assert.equal(fake.instance('dvm-app'), undefined)
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
