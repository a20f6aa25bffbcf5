import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { createLogs, openLog } from '../../src/ports/logs.ts'
import { temporaryDirectory } from '../support/temporary.ts'

test('starts anew, private, with every line at once', (t) => {
  const logs = createLogs(join(temporaryDirectory(t), 'state'))
  const path = logs.pathOf('app', 'setup')
  logs.open(path).close()
  writeFileSync(path, 'of the last run\n')
  chmodSync(path, 0o644)
  const log = logs.open(path)
  log.line('one')
  log.line('zwei ü \u001B[31m\u0000 %s $(x)')
  assert.equal(readFileSync(path, 'utf8'), 'one\nzwei ü \u001B[31m\u0000 %s $(x)\n')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700)
  assert.equal(log.path, path)
  log.close()
  log.close()
  log.line('after the end')
  assert.equal(readFileSync(path, 'utf8').split('\n').length, 3)
})

test('knows where each log is', (t) => {
  const state = temporaryDirectory(t)
  const logs = createLogs(state)
  assert.equal(logs.pathOf('app', 'lima'), join(state, 'app', 'lima.log'))
  assert.equal(logs.basePath, join(state, 'base', 'build.log'))
  const log = logs.open('base/build.log')
  assert.equal(log.path, logs.basePath)
  log.close()
})

test('has the last lines at hand, however many there were', (t) => {
  const log = openLog(join(temporaryDirectory(t), 'x.log'))
  assert.deepEqual(log.tail(20), [])
  for (let line = 1; line <= 5000; line++) log.line(String(line))
  assert.deepEqual(log.tail(2), ['4999', '5000'])
  assert.equal(log.tail(1000).length, 200)
  assert.deepEqual(log.tail(0), [])
  log.close()
})

test('when the run is verbose each line is also shown as it comes', (t) => {
  const shown: string[] = []
  const log = createLogs(temporaryDirectory(t), (line) => shown.push(line)).open('x.log')
  log.line('now')
  assert.deepEqual(shown, ['now'])
  log.close()
})

test('does not follow a link, and says what it cannot write', (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'victim'), 'kept')
  symlinkSync(join(directory, 'victim'), join(directory, 'link.log'))
  assert.throws(() => openLog(join(directory, 'link.log')), { code: 'failed' })
  assert.equal(readFileSync(join(directory, 'victim'), 'utf8'), 'kept')
  mkdirSync(join(directory, 'folder.log'))
  assert.throws(() => openLog(join(directory, 'folder.log')), { code: 'failed', hint: /check the owner/ })
  assert.throws(() => openLog(join(directory, 'victim', 'x.log')), { code: 'failed' })
})

test('a full disk loses the line, not the run', (t) => {
  const log = openLog(join(temporaryDirectory(t), 'x.log'), undefined, () => {
    throw new Error('ENOSPC: no space left on device, write')
  })
  log.line('x')
  assert.deepEqual(log.tail(1), ['x'])
  log.close()
})
