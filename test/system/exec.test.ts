import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createExec } from '../../src/system/exec.ts'
import { keptTail, longestLine } from '../../src/system/lines.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const never = new AbortController().signal

test('a process that could not be started is data, with its reason', async () => {
  const exec = createExec(never)
  const missing = await exec.capture({ file: '/no/such/program', args: [] })
  assert.deepEqual([missing.exitCode, missing.code], [undefined, 'ENOENT'])
  assert.equal((await exec.capture({ file: '/etc', args: [] })).code, 'EACCES')
  assert.equal(await exec.attach({ file: '/no/such/program', args: [] }), 127)
})

test('a time limit that passes says nothing on stderr: node warns once a process of a timer in the past', async () => {
  const exec = JSON.stringify(new URL('../../src/system/exec.ts', import.meta.url).href)
  const script = `import { createExec } from ${exec}
    const { timedOut } = await createExec(new AbortController().signal).capture({ file: 'sleep', args: ['9'], timeoutMs: 50 })
    console.log(timedOut)`
  const { stdout, stderr } = await createExec(never).capture({
    file: process.execPath,
    args: ['--input-type=module', '-e', script],
  })
  assert.deepEqual([stdout, stderr], ['true', ''])
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

const megabyte = 1024 * 1024
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
/** How much more this process keeps at most while lines come. What waits to be collected depends on how busy the machine is. */
const growth = () => {
  const kept = (): number => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = kept()
  let most = 0
  let bytes = 0
  return {
    look: (more: number) => {
      bytes += more
      if (bytes < 10 * megabyte) return
      bytes = 0
      most = Math.max(most, kept() - before)
    },
    most: () => most / megabyte,
  }
}

const floods: readonly (readonly [string, string])[] = [
  ['in lines', `yes "$(printf '%01023d' 7)"`],
  ['in one line', `tr '\\0' 7 </dev/zero`],
]
for (const [how, says] of floods)
  test(`120 MB ${how} take no memory, on both streams, and the exit code is the command's own`, async () => {
    const [out, err] = [110 * megabyte, 10 * megabyte]
    const memory = growth()
    let seen = { stdout: 0, stderr: 0 }
    let longest = 0
    const script = `(${says}) | head -c ${out}; (${says}) | head -c ${err} >&2; echo; echo end; exit 3`
    const completed = await createExec(never).capture(
      { file: 'bash', args: ['-c', script] },
      (line, stream) => {
        seen = { ...seen, [stream]: seen[stream] + line.length }
        longest = Math.max(longest, line.length)
        memory.look(line.length)
      },
    )
    assert.deepEqual([completed.exitCode, completed.canceled], [3, false])
    assert.match(completed.stdout.slice(-10), /7\n+end$/)
    assert.ok(completed.stdout.length <= keptTail && completed.stderr.length <= keptTail)
    // Ends of lines are not counted.
    assert.ok(seen.stdout >= out * 0.99 && seen.stderr >= err * 0.99, JSON.stringify(seen))
    assert.ok(longest <= longestLine)
    assert.ok(memory.most() > 0 && memory.most() < 25, `grew by ${memory.most()} MB`)
  })

test('lines are whole: across pieces, without a last end, with one of Windows', async () => {
  const lines: string[] = []
  const script = `printf 'gr'; sleep 0; printf '\\303'; printf '\\274n\\r\\n\\nlast'`
  const { stdout } = await createExec(never).capture({ file: 'bash', args: ['-c', script] }, (line) =>
    lines.push(line),
  )
  assert.deepEqual(lines, ['grün', '', 'last'])
  assert.equal(stdout, 'grün\r\n\nlast')
})

test('a hearer that throws is the failure of the call, once the process has ended', async () => {
  let heard = 0
  const running = createExec(never).capture({ file: 'bash', args: ['-c', 'echo 1; echo 2'] }, () => {
    heard += 1
    throw new Error('no')
  })
  await assert.rejects(running, { message: 'no' })
  assert.equal(heard, 1)
})

test('who hears no lines gets the whole output', async () => {
  const { stdout } = await createExec(never).capture({
    file: 'bash',
    args: ['-c', `head -c ${4 * megabyte} /dev/zero`],
  })
  assert.equal(stdout.length, 4 * megabyte)
})
