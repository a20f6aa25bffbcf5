// templates/guest/stop-sync.sh with real processes: what a sync left is ended, whatever it has become; nothing else is touched.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type TestContext } from 'node:test'
import { workScript } from '../../src/core/guest-work.ts'
import { onGnu } from '../support/gnu.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const script = readFileSync(resolve(import.meta.dirname, '../../templates/guest/stop-sync.sh'), 'utf8')

/** A mark of this test's own: syncs of other tests may run on this machine. */
const setUp = (t: TestContext) => {
  const folder = temporaryDirectory(t)
  const mark = `dvm-test-${folder.split('/').at(-1) ?? ''}`
  const pids = new Map<string, number>()
  const begun = (name: string): boolean => {
    const path = join(folder, name)
    pids.set(name, existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0)
    return (pids.get(name) ?? 0) > 0
  }
  const runs = (name: string): boolean => {
    const stat = `/proc/${pids.get(name)}/stat`
    return existsSync(stat) && !/^\d+ \(.*\) Z/s.test(readFileSync(stat, 'utf8'))
  }
  return {
    runs,
    /** Starts a bash in a session of its own, as sshd does; ready when each of these names has a process. */
    start: async (args: readonly string[], input: string, names: readonly string[]) => {
      const child = spawn('bash', args, { cwd: folder, detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
      // From the start: some are over before their names are seen.
      const over = new Promise((done) => child.on('exit', done))
      child.stdin.end(input)
      t.after(() => {
        // Its group first: what a test has left of it.
        spawnSync('kill', ['-KILL', '--', `-${child.pid}`])
        for (const name of names) if (runs(name)) process.kill(pids.get(name) ?? 0, 'SIGKILL')
      })
      while (!names.every(begun)) await pause(5)
      return { over }
    },
    mark,
    stop: (...patience: readonly string[]) =>
      void execFileSync('bash', ['-s', '--', mark, ...patience], { input: script }),
  }
}
const note = (name: string): string => `echo $! >${name}`

test(
  'ends the leader, what it waits for, what it put aside and what left its session; nobody else',
  onGnu,
  async (t) => {
    const { start, runs, stop, mark } = setUp(t)
    const work = `echo $$ >leader
sleep 1000 & ${note('aside')}
(sleep 1000 & ${note('orphan')})
setsid sleep 1000 & ${note('elsewhere')}
bash -c 'sleep 1000 & ${note('deep')}; wait'
`
    const names = ['leader', 'aside', 'orphan', 'elsewhere', 'deep']
    const { over } = await start(['-s', '--', mark], work, names)
    await start(['-s', '--', `${mark}-other`], `echo $$ >other\nsleep 1000 & ${note('others')}\nwait\n`, [
      'other',
      'others',
    ])
    stop()
    await over
    assert.deepEqual(
      [...names, 'other', 'others'].filter((name) => runs(name)),
      ['other', 'others'],
    )
    stop()
  },
)

test('what does not hear SIGTERM is killed', onGnu, async (t) => {
  const { start, runs, stop, mark } = setUp(t)
  const deaf = `trap '' TERM\necho $$ >deaf\nwhile :; do sleep 1000 & ${note('child')}; wait; done\n`
  const { over } = await start(['-s', '--', mark], deaf, ['deaf', 'child'])
  stop('1')
  await over
  assert.deepEqual([runs('deaf'), runs('child')], [false, false])
})

test(
  'what a sync that ended left running on purpose stays, also a part of its own script',
  onGnu,
  async (t) => {
    const { start, runs, stop, mark } = setUp(t)
    const setup = `(while :; do sleep 1000; done) & ${note('watch')}\nnohup sleep 1000 >/dev/null & ${note('server')}\n`
    const { over } = await start(['-s', '--', mark], setup, ['watch', 'server'])
    await over
    stop()
    assert.deepEqual([runs('watch'), runs('server')], [true, true])
  },
)

test('a command that is led by the mark gets its words, no stdin, and gives its exit code', (t) => {
  const { mark } = setUp(t)
  const words = ['a  b', `$(id) 'c'`, '']
  const argv = ['-s', '--', mark, 'bash', '-s', '--', ...words]
  assert.equal(execFileSync('bash', argv, { input: workScript }).toString(), '')
  const printed = execFileSync('bash', ['-s', '--', mark, 'printf', '%s|', ...words], { input: workScript })
  assert.equal(printed.toString(), words.map((word) => `${word}|`).join(''))
  assert.throws(() => execFileSync('bash', ['-s', '--', mark, 'false'], { input: workScript }), { status: 1 })
})
