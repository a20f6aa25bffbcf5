// setup.sh for real, in bash on this host: what it prints, how it dies, and what dvm makes of that.
import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { Script } from '../fakes/state.ts'
import { dvmOnFake } from '../support/dvm-on-fake.ts'
import { writeProgram } from '../support/temporary.ts'

/** dvm with a VM whose guest is this host, where `sudo` takes its script and does nothing. */
const withGuest = (t: TestContext, setup: string, script: Script = {}) => {
  const dvm = dvmOnFake(t, { ...script, guestMode: 'host' })
  writeProgram(join(dvm.home, 'guest-bin/sudo'), '#!/bin/sh\nexec cat >/dev/null\n')
  dvm.fake.add({ name: 'dvm-app', status: 'Stopped' })
  dvm.write('.config/dvm/vms/app/setup.sh', setup)
  const env = { PATH: `${join(dvm.home, 'guest-bin')}:${dvm.fake.variables['PATH']}` }
  return {
    ...dvm,
    sync: () => dvm.run(['sync', 'app'], { env }),
    log: join(dvm.home, '.local/state/dvm/app/setup.log'),
  }
}

const failed = (how: string): string =>
  `✔ Start app\n✖ Prepare app and run its setup.sh\ndvm: ~/.config/dvm/vms/app/setup.sh ${how}\n`

test('120 MB of output end with the exit code of setup.sh, its last lines, and all of it in the log', async (t) => {
  const flood = `yes "$(printf '%01023d' 0)" | head -n ${120 * 1024} || true\necho the last >&2\nexit 3\n`
  const { sync, log } = withGuest(t, flood)
  const { exitCode, stdout, stderr } = await sync()
  assert.deepEqual([exitCode, stdout], [1, ''])
  assert.ok(stderr.startsWith(failed('ended with exit code 3')), stderr.slice(0, 300))
  assert.match(stderr, / {2}\| the last\n {2}try: correct it, then: dvm sync app\n {2}log: /)
  let bytes = 0
  for await (const part of createReadStream(log)) bytes += (part as Buffer).length
  assert.ok(bytes > 120 * 1024 * 1024, String(bytes))
})

test('a line of megabytes without an end is shown and logged, and the sync succeeds', async (t) => {
  const { sync } = withGuest(t, 'head -c 20000000 /dev/zero | tr "\\\\0" 7\n')
  assert.deepEqual(await sync(), {
    exitCode: 0,
    stdout: '',
    stderr: '✔ Start app\n✔ Prepare app and run its setup.sh\n',
  })
})

for (const ssh of [true, false])
  test(`one that kills its own shell is named, with what to type (${ssh ? 'ssh' : 'limactl shell'})`, async (t) => {
    const { sync, fake } = withGuest(t, 'echo before\nkill -9 $$\n', { ssh })
    const { exitCode, stderr } = await sync()
    assert.equal(exitCode, 1)
    assert.equal(
      stderr,
      `${failed('ended with exit code 255: its shell was killed or cut off, unless it says `exit 255` itself')}  | before\n  try: correct it, then: dvm sync app\n  log: ~/.local/state/dvm/app/setup.log\n`,
    )
    // Asked, because ssh says 255 of itself too.
    assert.equal(fake.journal().at(-1)?.guest?.argv.at(-1), 'true')
    assert.equal(fake.journal().at(-1)?.program, ssh ? 'ssh' : 'limactl')
  })

test('one that reads its input gets none, and does not wait for any', async (t) => {
  const { sync } = withGuest(t, 'if read -r line; then exit 4; fi\n')
  assert.equal((await sync()).exitCode, 0)
})
