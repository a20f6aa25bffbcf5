// templates/guest/enter.sh, the way into a VM, with the real bash.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { loginArgv } from '../../src/core/guest-entry.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const script = readFileSync(resolve(import.meta.dirname, '../../templates/guest/enter.sh'), 'utf8')

test('a command begins in the code directory, or in the home while that is missing, without a word', (t) => {
  const home = temporaryDirectory(t)
  const code = join(home, "co'de $(x)")
  const where = () => {
    const [file = '', ...argv] = loginArgv(script, code, ['pwd', '-P'])
    const { status, stdout, stderr } = spawnSync(file, argv, {
      encoding: 'utf8',
      env: { HOME: home, PATH: '/usr/bin:/bin' },
    })
    return [status, stdout, stderr]
  }
  assert.deepEqual(where(), [0, `${home}\n`, ''])
  mkdirSync(code)
  assert.deepEqual(where(), [0, `${code}\n`, ''])
})
