import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { begin, createExec } from '../../src/system/exec.ts'
import { isThere } from '../support/is-there.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const never = new AbortController().signal
const bash = (script: string, ...values: readonly string[]) => ({
  file: 'bash',
  args: ['-c', script, 'bash', ...values],
})

test('what has begun is not run again: whoever captures the same gets its end, all others their own', async (t) => {
  const file = join(temporaryDirectory(t), 'runs')
  writeFileSync(file, '')
  const command = bash('echo run >> "$1"; echo out; echo err >&2; exit 3', file)
  const env = { PATH: process.env['PATH'] ?? '' }
  const exec = createExec(never, begin({ ...command, env, timeoutMs: 10_000 }, never))
  const first = await exec.capture({ ...command, env: { ...env }, timeoutMs: 10_000 })
  assert.equal(readFileSync(file, 'utf8'), 'run\n')
  assert.deepEqual(first, await createExec(never).capture({ ...command, env, timeoutMs: 10_000 }))
  assert.deepEqual([first.exitCode, first.stdout, first.stderr], [3, 'out', 'err'])
  await exec.capture({ ...command, env })
  assert.equal(readFileSync(file, 'utf8'), 'run\n'.repeat(3))
})

test('another command, environment or input is another run', async () => {
  const command = { ...bash('echo "$A"; cat'), env: { A: '1', PATH: process.env['PATH'] ?? '' } }
  const exec = createExec(never, begin(command, never))
  assert.equal((await exec.capture({ ...command, env: { ...command.env, A: '2' } })).stdout, '2')
  assert.equal((await exec.capture({ ...command, input: 'text' })).stdout, '1\ntext')
  assert.equal((await exec.capture({ ...command, args: ['-c', 'echo 3'] })).stdout, '3')
})

test('one that did not start says why, as usual', async () => {
  const command = { file: '/no/such/program', args: [] }
  const completed = await createExec(never, begin(command, never)).capture(command)
  assert.deepEqual([completed.exitCode, completed.code], [undefined, 'ENOENT'])
})

const inTime = { timeout: 10_000 }

/** Another process, which has left the group, holds its output. `there` resolves once that runs. */
const holding = (t: TestContext, rest: string) => {
  const file = join(temporaryDirectory(t), 'ready')
  const script = `const sleep = require('node:child_process').spawn('sleep', ['15'], { detached: true, stdio: 'inherit' })
    sleep.unref()
    require('node:fs').writeFileSync(process.argv[1], '')
    ${rest}`
  return {
    command: { file: process.execPath, args: ['-e', script, file] },
    there: async () => {
      while (!existsSync(file)) await pause(10, undefined, { signal: t.signal })
    },
  }
}

for (const [what, rest] of [
  ['it runs', 'setTimeout(() => {}, 15_000)'],
  ['it has ended and another process holds its output', ''],
] as const) {
  test(`an abort ends the wait while ${what}`, inTime, async (t) => {
    const { command, there } = holding(t, rest)
    const abort = new AbortController()
    const waiting = createExec(abort.signal, begin(command, abort.signal)).capture(command)
    await there()
    abort.abort()
    assert.deepEqual([(await waiting).canceled, (await waiting).timedOut], [true, false])
  })

  test(`so does the time limit while ${what}`, inTime, async (t) => {
    const { command } = holding(t, rest)
    const completed = await createExec(never, begin({ ...command, timeoutMs: 500 }, never)).capture({
      ...command,
      timeoutMs: 500,
    })
    assert.deepEqual([completed.timedOut, completed.canceled], [true, false])
  })
}

test('after an abort its end is that of a run that was canceled, whenever it came', inTime, async (t) => {
  const file = join(temporaryDirectory(t), 'ran')
  const command = bash('echo all; : > "$1"', file)
  const abort = new AbortController()
  const exec = createExec(abort.signal, begin(command, abort.signal))
  while (!existsSync(file)) await pause(10, undefined, { signal: t.signal })
  abort.abort()
  assert.equal((await exec.capture(command)).canceled, true)
})

test('what nobody came for is ended with all that it started', inTime, async (t) => {
  const file = join(temporaryDirectory(t), 'pid')
  const begun = begin(bash('sleep 15 & echo $! > "$1.new"; mv "$1.new" "$1"; wait', file), never)
  while (!existsSync(file)) await pause(10, undefined, { signal: t.signal })
  begun.drop()
  const pid = Number(readFileSync(file, 'utf8'))
  while (isThere(pid)) await pause(10, undefined, { signal: t.signal })
})
