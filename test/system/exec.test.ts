import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { createExec } from '../../src/system/exec.ts'
import { temporaryDirectory } from '../support/temporary.ts'

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

test('an open file becomes stdin or stdout itself, from where it stands', async (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'in'), 'line 1\nline 2\n')
  const from = openSync(join(directory, 'in'), 'r')
  const to = openSync(join(directory, 'out'), 'w')
  readSync(from, Buffer.alloc(7))
  const completed = await createExec(never).stream(
    { file: 'bash', args: ['-c', '[[ ! -p /dev/stdin && ! -p /dev/stdout ]] && cat && echo told >&2'] },
    { fromFile: from, toFile: to },
  )
  for (const file of [from, to]) closeSync(file)
  assert.deepEqual([completed.exitCode, completed.stdout, completed.stderr], [0, '', 'told'])
  assert.equal(readFileSync(join(directory, 'out'), 'utf8'), 'line 2\n')
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
