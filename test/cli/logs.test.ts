// `dvm logs`: what the last sync of a VM wrote down, what comes to it, and the output of a project's container.
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type TestContext } from 'node:test'
import { scriptArgv } from '../../src/core/guest-entry.ts'
import { setupMarker } from '../../src/core/guest-script.ts'
import type { Script } from '../fakes/state.ts'
import { asDeveloper } from '../support/as-developer.ts'
import type { Outcome } from '../support/dvm.ts'
import { dvmOnFake } from '../support/dvm-on-fake.ts'

const followScript = readFileSync(join(import.meta.dirname, '../../templates/guest/follow.sh'), 'utf8')
const limit = { timeout: 60_000 }

const setUp = (t: TestContext, script: Script = {}) => {
  const dvm = dvmOnFake(t, script)
  const log = (name: string, text: string): string => dvm.write(`.local/state/dvm/app/${name}.log`, text)
  const heading = (name: string): string => `==> ${dvm.home}/.local/state/dvm/app/${name}.log <==\n`
  return { ...dvm, log, heading }
}

/** Begins to follow; `shows` resolves when all that was shown so far is this. */
const follow = (dvm: ReturnType<typeof setUp>, target = 'app') => {
  let text = ''
  let pid = 0
  let news = Promise.withResolvers<void>()
  const over = dvm.run(['logs', target, '-f'], {
    onStart: (started) => (pid = started),
    onResult: (chunk) => {
      text += chunk
      news.resolve()
    },
  })
  return {
    shows: async (wanted: string): Promise<void> => {
      const isShown = (): boolean => text === wanted
      while (!isShown()) {
        assert.ok(wanted.startsWith(text), `shown instead: ${JSON.stringify(text)}`)
        const ended = await Promise.race([news.promise, over])
        assert.ok(ended === undefined || isShown(), `it ended: ${JSON.stringify(ended)}`)
        news = Promise.withResolvers()
      }
    },
    end: (signal: NodeJS.Signals): Promise<Outcome> => {
      process.kill(pid, signal)
      return over
    },
  }
}

test('both logs of a VM, each under its path, as they are', async (t) => {
  const { run, log, heading, fake } = setUp(t)
  log('lima', 'created\nstarted %s $(x) \u001B[31m\n')
  log('setup', 'no end of line')
  assert.deepEqual(await run(['logs', 'app']), {
    exitCode: 0,
    stdout: `${heading('lima')}created\nstarted %s $(x) \u001B[31m\n${heading('setup')}no end of line`,
    stderr: '',
  })
  assert.deepEqual(fake.journal(), [], 'Lima is not asked')
})

test('the logs that a sync leaves, also one that holds nothing', async (t) => {
  const { run, write, heading } = setUp(t, {
    guest: [{ match: ['bash', '-s'], stdout: `${setupMarker}\nhello\n` }],
  })
  write('.config/dvm/vms/app/setup.sh', 'echo hello\n')
  await run(['sync', 'app'])
  assert.equal((await run(['logs', 'app'])).stdout, `${heading('lima')}${heading('setup')}hello\n`)
})

test('a long log is shown whole', async (t) => {
  const { run, log, heading } = setUp(t)
  const text = `${'ü'.repeat(999)}\n`.repeat(2500)
  log('setup', text)
  assert.equal((await run(['logs', 'app'])).stdout, `${heading('setup')}${text}`)
})

test('no logs: what to type', async (t) => {
  const { run, write, home } = setUp(t)
  for (const name of ['app', 'app/api'])
    assert.deepEqual(await run(['logs', name]), {
      exitCode: 5,
      stdout: '',
      stderr: `dvm: there is no VM "app" in ${home}/.config/dvm/vms\n  try: dvm new app\n`.replace(home, '~'),
    })
  write('.config/dvm/vms/app/setup.sh', '')
  for (const flags of [[], ['--follow']])
    assert.deepEqual(await run(['logs', 'app', ...flags]), {
      exitCode: 5,
      stdout: '',
      stderr: 'dvm: there are no logs of app yet\n  try: dvm sync app\n',
    })
  assert.equal((await run(['logs', '../x'])).exitCode, 2)
  assert.equal((await run(['logs', 'builder'])).exitCode, 9)
})

test(
  '-f goes on with new lines under the heading of their log, until Ctrl-C, which takes nothing back',
  limit,
  async (t) => {
    const dvm = setUp(t)
    const { log, heading } = dvm
    const lima = log('lima', 'started\n')
    const setup = log('setup', 'one\n')
    const following = follow(dvm)
    let shown = `${heading('lima')}started\n${heading('setup')}one\n`
    await following.shows(shown)
    appendFileSync(setup, 'two\nthree\n')
    shown += 'two\nthree\n'
    await following.shows(shown)
    appendFileSync(lima, 'stopped\n')
    shown += `${heading('lima')}stopped\n`
    await following.shows(shown)
    assert.deepEqual(await following.end('SIGINT'), { exitCode: 130, stdout: shown, stderr: '' })
  },
)

test('-f goes on with the next sync, which begins its logs anew', limit, async (t) => {
  const told = ['first', 'other', 'a longer one than the first'].map((text) => `${setupMarker}\n${text}\n`)
  const dvm = setUp(t, {
    guest: told.map((stdout) => ({ match: ['bash', '-s'], stdout, times: 1 })),
  })
  const { run, write, fake, heading } = dvm
  fake.add({ name: 'dvm-app', status: 'Running' })
  write('.config/dvm/vms/app/setup.sh', 'echo hello\n')
  await run(['sync', 'app'])
  const following = follow(dvm)
  let shown = `${heading('lima')}${heading('setup')}first\n`
  await following.shows(shown)
  // As long as the one before, then a longer one.
  for (const line of ['other\n', 'a longer one than the first\n']) {
    assert.equal((await run(['sync', 'app'])).exitCode, 0)
    shown += line
    await following.shows(shown)
  }
  assert.equal((await following.end('SIGTERM')).exitCode, 143)
})

for (const flags of [[], ['-f']])
  test(`of a project: podman's own words and exit code ${flags.join('')}`, async (t) => {
    const { run, write, fake } = setUp(t, {
      guest: [
        { match: ['sudo'], exitCode: 125, stdout: 'out\n', stderr: 'Error: no container\n', unread: true },
      ],
    })
    fake.add({ name: 'dvm-app', status: 'Running' })
    write('.config/dvm/config.sh', 'DVM_USER=me\n')
    assert.deepEqual(await run(['logs', 'app/api', ...flags]), {
      exitCode: 125,
      stdout: 'out\n',
      stderr: 'Error: no container\n',
    })
    const argv =
      flags.length === 0
        ? ['podman', 'logs', 'dvm-app-api']
        : scriptArgv(followScript, ['podman', 'logs', '--follow', 'dvm-app-api'])
    assert.deepEqual(fake.journal().at(-1)?.guest?.argv, asDeveloper('me', argv))
  })

test('of a project in a VM that does not run: what to type, and nothing is started', async (t) => {
  const { run, fake, write } = setUp(t)
  fake.add({ name: 'dvm-app', status: 'Stopped' })
  write('.config/dvm/vms/none/setup.sh', '')
  for (const target of ['app/api', 'none/api'])
    assert.deepEqual(await run(['logs', target, '-f']), {
      exitCode: 5,
      stdout: '',
      stderr: `dvm: the VM ${target.split('/')[0]} does not run, so its containers say nothing\n  try: dvm sync ${target.split('/')[0]}\n`,
    })
  assert.deepEqual(new Set(fake.calls()), new Set(['list --format TEMPLATE']))
})

test('-f of a project ends on Ctrl-C as that of a VM does', limit, async (t) => {
  const dvm = setUp(t, { guest: [{ match: ['sudo'], stdout: 'listening\n', hang: true, unread: true }] })
  dvm.fake.add({ name: 'dvm-app', status: 'Running' })
  const following = follow(dvm, 'app/api')
  await following.shows('listening\n')
  assert.deepEqual(await following.end('SIGINT'), { exitCode: 130, stdout: 'listening\n', stderr: '' })
})

test('Ctrl-C in a look at Lima takes nothing back either', limit, async (t) => {
  const { fake, run } = setUp(t, { limactl: [{ match: ['list'], hang: true }] })
  let pid = 0
  const over = run(['ls'], { onStart: (started) => (pid = started) })
  while (fake.calls().length === 0) await pause(10)
  process.kill(pid, 'SIGINT')
  assert.deepEqual(await over, { exitCode: 130, stdout: '', stderr: '' })
})
