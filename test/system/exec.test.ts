import assert from 'node:assert/strict'
import test from 'node:test'
import { createExec } from '../../src/system/exec.ts'

const never = new AbortController().signal

test('a process that could not be started is data, with its reason', async () => {
  const exec = createExec(never)
  const missing = await exec.capture({ file: '/no/such/program', args: [] })
  assert.deepEqual([missing.exitCode, missing.code], [undefined, 'ENOENT'])
  assert.equal((await exec.capture({ file: '/etc', args: [] })).code, 'EACCES')
  assert.equal(await exec.attach({ file: '/no/such/program', args: [] }), 127)
})

test('stdin is empty unless it is given', async () => {
  const exec = createExec(never)
  assert.equal((await exec.capture({ file: 'cat', args: [] })).stdout, '')
  assert.equal((await exec.capture({ file: 'cat', args: [], input: 'a\n' })).stdout, 'a')
})

test('the environment is the one given, whole', async () => {
  const { stdout } = await createExec(never).capture({ file: '/usr/bin/env', args: [], env: { A: '1' } })
  assert.equal(stdout, 'A=1')
})

// What ssh over a shared connection looks like: the process ends, but another one still holds its output.
const script = `require('node:child_process').spawn('sleep', ['15'], { detached: true, stdio: 'inherit' })
  console.log('out')
  setTimeout(() => {}, 15_000)`
const leavesItsOutputOpen = { file: process.execPath, args: ['-e', script] }

test('a timeout ends the wait even when another process holds the output', { timeout: 10_000 }, async () => {
  const completed = await createExec(never).capture({ ...leavesItsOutputOpen, timeoutMs: 500 })
  assert.deepEqual([completed.timedOut, completed.exitCode], [true, undefined])
})

test('an abort does too', { timeout: 10_000 }, async () => {
  const abort = new AbortController()
  const running = createExec(abort.signal).capture(leavesItsOutputOpen, (line) => {
    if (line === 'out') abort.abort()
  })
  assert.equal((await running).canceled, true)
})
