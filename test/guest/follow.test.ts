// templates/guest/follow.sh with real processes: a command that prints ends with whoever listens, and its words and exit code are its own.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { type TestContext } from 'node:test'
import { scriptArgv } from '../../src/core/guest-entry.ts'

const script = readFileSync(join(import.meta.dirname, '../../templates/guest/follow.sh'), 'utf8')
const limit = { timeout: 20_000 }

/** Its stdin stays open until `leave`. */
const follow = (t: TestContext, line: string, ...values: readonly string[]) => {
  const [file = '', ...args] = scriptArgv(script, ['sh', '-c', line, 'sh', ...values])
  const child = spawn(file, args, { detached: true })
  t.after(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // Nothing is left of it.
    }
  })
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return {
    child,
    over: async () => {
      const [stdout, stderr, [exitCode]] = await output
      return { stdout, stderr, exitCode: exitCode as number }
    },
    leave: () => child.stdin.end(),
  }
}

test('one that ends by itself: its output and its exit code, whoever still listens', limit, async (t) => {
  const values = ['$(x)', "it's", 'two words', '']
  const { over } = follow(t, 'printf "<%s>" "$@"; echo gone >&2; exit 125', ...values)
  assert.deepEqual(await over(), {
    stdout: values.map((value) => `<${value}>`).join(''),
    stderr: 'gone\n',
    exitCode: 125,
  })
})

test('its stdin is empty', limit, async (t) => {
  const { over } = follow(t, 'cat; echo read')
  assert.equal((await over()).stdout, 'read\n')
})

test('one that prints no more ends when nobody listens', limit, async (t) => {
  const { child, leave, over } = follow(t, 'echo $$; exec sleep 1000')
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  leave()
  assert.equal((await over()).exitCode, 143)
  assert.throws(() => process.kill(Number(line.toString()), 0), { code: 'ESRCH' })
})
