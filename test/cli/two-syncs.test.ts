// `dvm sync` of a VM on which another process is at work.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { dvmOnFake } from '../support/dvm-on-fake.ts'

/** Another process that holds the VM until it is told to stop. */
const held = async (t: TestContext, vm: string) => {
  const dvm = dvmOnFake(t)
  for (const name of ['app', 'web']) dvm.write(`.config/dvm/vms/${name}/config.sh`, '')
  const holder = spawn(
    process.execPath,
    [
      join(import.meta.dirname, '../support/lock-holder.ts'),
      join(dvm.home, '.local/state/dvm/locks'),
      `vm:${vm}`,
      '600000',
      'wait',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  t.after(() => holder.kill('SIGKILL'))
  const [said] = (await once(holder.stdout.setEncoding('utf8'), 'data')) as [string]
  assert.equal(said, 'has\n')
  return { ...dvm, pid: holder.pid, release: () => holder.kill('SIGTERM') }
}

test('--no-wait: exit 7 at once, and who it is', async (t) => {
  const { fake, run, pid } = await held(t, 'app')
  const { exitCode, stdout, stderr } = await run(['sync', 'app', '--no-wait'])
  assert.deepEqual([exitCode, stdout], [7, ''])
  assert.match(
    stderr,
    new RegExp(
      String.raw`^dvm: vm:app is in use by dvm test vm:app \(pid ${pid}, since \d{4}-\d\d-\d\d [\d:]+ UTC\)\n  try: wait for it to end, or leave out --no-wait\n$`,
    ),
  )
  assert.deepEqual(new Set(fake.calls()), new Set(['list --format TEMPLATE']))
})

test('without it: a line that says for whom, and on it goes when that one has ended', async (t) => {
  const { fake, run, release } = await held(t, 'app')
  let story = ''
  const { exitCode, stderr } = await run(['sync', 'app'], {
    onStory: (text) => {
      story += text
      if (story.startsWith('waiting for ')) release()
    },
  })
  assert.equal(exitCode, 0)
  assert.match(
    stderr,
    /^waiting for dvm test vm:app \(pid \d+, since .* UTC\)\n✔ Create app\n✔ Prepare app\n$/,
  )
  assert.equal(fake.instance('dvm-app')?.status, 'Running')
})

test('another VM does not wait', async (t) => {
  const { run } = await held(t, 'app')
  assert.equal((await run(['sync', 'web', '--no-wait'])).exitCode, 0)
})

test('--all --no-wait: the others are synced, the busy one is told by name', async (t) => {
  const { fake, run } = await held(t, 'app')
  const { exitCode, stderr } = await run(['sync', '--all', '--no-wait'])
  assert.equal(exitCode, 1)
  assert.match(stderr, /\n1 of 2 VMs are ready\ndvm: app: vm:app is in use by dvm test vm:app /)
  assert.equal(fake.instance('dvm-web')?.status, 'Running')
})
