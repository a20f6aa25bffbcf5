import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { begin } from '../../src/system/begin.ts'
import { createExec } from '../../src/system/exec.ts'
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
  const exec = createExec(never, begin({ ...command, env }))
  const first = await exec.capture({ ...command, env: { ...env }, timeoutMs: 10_000 })
  assert.equal(readFileSync(file, 'utf8'), 'run\n')
  assert.deepEqual(first, await createExec(never).capture({ ...command, env, timeoutMs: 10_000 }))
  assert.deepEqual([first.exitCode, first.stdout, first.stderr], [3, 'out', 'err'])
  await exec.capture({ ...command, env })
  assert.equal(readFileSync(file, 'utf8'), 'run\n'.repeat(3))
})

test('another command, environment or input is another run', async () => {
  const command = { ...bash('echo "$A"; cat'), env: { A: '1', PATH: process.env['PATH'] ?? '' } }
  const exec = createExec(never, begin(command))
  assert.equal((await exec.capture({ ...command, env: { ...command.env, A: '2' } })).stdout, '2')
  assert.equal((await exec.capture({ ...command, input: 'text' })).stdout, '1\ntext')
  assert.equal((await exec.capture({ ...command, args: ['-c', 'echo 3'] })).stdout, '3')
})

test('one that did not start is run as usual, which says why', async () => {
  const command = { file: '/no/such/program', args: [] }
  const completed = await createExec(never, begin(command)).capture(command)
  assert.deepEqual([completed.exitCode, completed.code], [undefined, 'ENOENT'])
})

// Another process, which has left the group, holds the output.
const script = `require('node:child_process').spawn('sleep', ['15'], { detached: true, stdio: 'inherit' })
  setTimeout(() => {}, 15_000)`
const holds = { file: process.execPath, args: ['-e', script] }
const inTime = { timeout: 10_000 }

test('an abort ends it, before or after somebody waits for it', inTime, async () => {
  const abort = new AbortController()
  const waiting = createExec(abort.signal, begin(holds)).capture(holds)
  abort.abort()
  assert.deepEqual([(await waiting).canceled, (await waiting).exitCode], [true, undefined])
  const late = await createExec(abort.signal, begin(holds)).capture(holds)
  assert.deepEqual([late.canceled, late.timedOut], [true, false])
})

test('so does its time limit', inTime, async () => {
  const completed = await createExec(never, begin(holds)).capture({ ...holds, timeoutMs: 500 })
  assert.deepEqual([completed.timedOut, completed.canceled, completed.exitCode], [true, false, undefined])
})

test('what nobody came for is ended with all that it started', inTime, async (t) => {
  const file = join(temporaryDirectory(t), 'pid')
  const begun = begin(bash('sleep 15 & echo $! > "$1.new"; mv "$1.new" "$1"; wait', file))
  const pid = await (async (): Promise<number> => {
    for (;;) {
      try {
        return Number(readFileSync(file, 'utf8'))
      } catch {
        await new Promise(setImmediate)
      }
    }
  })()
  begun.drop()
  while (isThere(pid)) await new Promise(setImmediate)
})
