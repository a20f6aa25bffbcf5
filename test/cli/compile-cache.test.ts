// Where Node keeps dvm's compiled code: in the state directory, and only where nobody else could put code.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { runDvm } from '../support/dvm.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const version = async (home: string, env: Readonly<Record<string, string>> = {}): Promise<void> => {
  const { exitCode, stderr } = await runDvm(home, ['version'], { NODE_COMPILE_CACHE: '', ...env })
  assert.deepEqual([exitCode, stderr], [0, ''])
}

test('compiled code is kept privately, once there is a state directory', async (t) => {
  const home = temporaryDirectory(t)
  const state = join(home, '.local/state/dvm')
  await version(home)
  assert.equal(existsSync(join(home, '.local')), false)
  mkdirSync(state, { recursive: true, mode: 0o700 })
  await version(home)
  assert.deepEqual(readdirSync(state), ['.compile-cache'])
  assert.equal(statSync(join(state, '.compile-cache')).mode & 0o777, 0o700)
  assert.notDeepEqual(readdirSync(join(state, '.compile-cache')), [])
})

test('it is not kept where others can write, nor where a link leads', async (t) => {
  const home = temporaryDirectory(t)
  const state = join(home, 'state')
  mkdirSync(state)
  chmodSync(state, 0o770)
  await version(home, { DVM_STATE_DIR: state })
  assert.deepEqual(readdirSync(state), [])
  chmodSync(state, 0o700)
  mkdirSync(join(home, 'theirs'))
  symlinkSync(join(home, 'theirs'), join(state, '.compile-cache'))
  await version(home, { DVM_STATE_DIR: state })
  assert.deepEqual(readdirSync(join(home, 'theirs')), [])
})
