import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { createConsoles } from '../../src/ports/console.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const consoles = createConsoles()

test('shows the last lines of all serial logs, readable', async (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'serial.log'), 'one\r\n\u001B[0;32m  OK  \u001B[0m two\r\n\r\n')
  writeFileSync(join(directory, 'serialv.log'), Buffer.from([0xff, 0x41, 0x0d, 0x42, 0x20]))
  writeFileSync(join(directory, 'ha.stderr.log'), 'not a console')
  mkdirSync(join(directory, 'serialp.log'))
  assert.deepEqual(await consoles.tail(directory, 10), ['one', '  OK   two', 'ÿA', 'B'])
  assert.deepEqual(await consoles.tail(directory, 1), ['B'])
})

test('no logs, or no directory, is nothing', async (t) => {
  const directory = temporaryDirectory(t)
  assert.deepEqual(await consoles.tail(directory, 5), [])
  assert.deepEqual(await consoles.tail(join(directory, 'none'), 5), [])
})
