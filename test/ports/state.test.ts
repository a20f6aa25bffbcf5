import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { TestContext } from 'node:test'
import { createStateStore } from '../../src/ports/state.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

const setUp = (t: TestContext) => {
  const directory = temporaryDirectory(t)
  const warnings: string[] = []
  return { directory, warnings, store: createStateStore(directory, (line) => warnings.push(line)) }
}

test('keeps what it is told, field by field, in a private file', async (t) => {
  const { directory, store } = setUp(t)
  assert.equal(await store.read('app'), undefined)
  const baseImage = '/odd path/"disk".qcow2\n$(x) ü'
  const config = { cpus: 2, memory: 1.5, disk: 30, ports: ['80:8080'], stamp: '1-2-3 ' }
  await store.write('app', {
    generation: 'g1',
    baseImage,
    ports: ['1:2', '3:4'],
    config,
    users: ['ada', 'eve'],
  })
  await store.write('app', { createdAt: 'h', generation: undefined })
  assert.deepEqual(await store.read('app'), {
    baseImage,
    createdAt: 'h',
    ports: ['1:2', '3:4'],
    config,
    users: ['ada', 'eve'],
  })
  assert.equal(await store.read('other'), undefined)
  assert.deepEqual(readdirSync(join(directory, 'app')), ['state.json'])
  assert.equal(statSync(join(directory, 'app')).mode & 0o777, 0o700)
  assert.equal(statSync(join(directory, 'app', 'state.json')).mode & 0o777, 0o600)
})

test('writes nothing when nothing changes', async (t) => {
  const { directory, store } = setUp(t)
  await store.write('app', { generation: 'g1', createdAt: 'now' })
  const path = join(directory, 'app', 'state.json')
  const before = statSync(path).ino
  await store.write('app', { createdAt: 'now' })
  assert.equal(statSync(path).ino, before)
})

test('what was found in a configuration is kept apart, whole', async (t) => {
  const { directory, store, warnings } = setUp(t)
  assert.equal(await store.evaluation('app'), undefined)
  const wanted = { cpus: 2, memory: 1.5, disk: 30, ports: ['80:80'] }
  for (const found of [
    { key: 'a', wanted },
    { key: 'b', problem: 'odd "text"\n$(x) ü' },
  ]) {
    await store.keepEvaluation('app', found)
    assert.deepEqual(await store.evaluation('app'), found)
  }
  assert.deepEqual(readdirSync(join(directory, 'app')), ['evaluated.json'])
  assert.equal(await store.read('app'), undefined)
  assert.deepEqual(warnings, [])
})

test('what an older dvm wrote of a sync is kept, without what it did not know', async (t) => {
  const { directory, store } = setUp(t)
  const config = { cpus: 2, memory: 1.5, disk: 30 }
  const odd = { ...config, ports: [1], stamp: 5 }
  for (const written of [config, odd]) {
    writePrivate(join(directory, 'app', 'state.json'), JSON.stringify({ config: written }))
    assert.deepEqual(await store.read('app'), { config })
  }
})

for (const damaged of ['', '{ "generation": ', 'null', '[]', '"text"', '\u0000'])
  test(`a damaged file (${JSON.stringify(damaged)}) is unknown, with a warning, until it is written`, async (t) => {
    const { directory, store, warnings } = setUp(t)
    const path = writePrivate(join(directory, 'app', 'state.json'), damaged)
    assert.equal(await store.read('app'), undefined)
    assert.deepEqual(warnings, [`${path} is damaged; what dvm knew of app is lost`])
    await store.write('app', { generation: 'g2' })
    assert.deepEqual(await store.read('app'), { generation: 'g2' })
    assert.equal(warnings.length, 1)
  })

test('fields of the wrong type are unknown, fields of a newer dvm are kept', async (t) => {
  const { directory, store } = setUp(t)
  const path = writePrivate(
    join(directory, 'app', 'state.json'),
    '{"generation":5,"config":{"cpus":"2"},"users":"ada","newer":{"a":1}}',
  )
  assert.deepEqual(await store.read('app'), {})
  await store.write('app', { generation: 'g' })
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), {
    generation: 'g',
    config: { cpus: '2' },
    users: 'ada',
    newer: { a: 1 },
  })
})

test('forgetting a VM removes its state and logs, and nothing that only shares its name', async (t) => {
  const { directory, store } = setUp(t)
  await store.remove('never-there')
  await store.write('app', { generation: 'g' })
  await store.keepEvaluation('app', { key: 'k', problem: 'p' })
  for (const file of ['setup.log', 'syncing']) writeFileSync(join(directory, 'app', file), 'x')
  await store.remove('app')
  assert.equal(existsSync(join(directory, 'app')), false)
  mkdirSync(join(directory, 'locks'))
  writeFileSync(join(directory, 'locks', 'base.lock'), '')
  await store.write('locks', { generation: 'g' })
  await store.remove('locks')
  assert.deepEqual(readdirSync(join(directory, 'locks')), ['base.lock'])
})

test('a VM’s directory that lies elsewhere: the link goes, and not what else is there', async (t) => {
  const { directory, store } = setUp(t)
  const elsewhere = temporaryDirectory(t)
  symlinkSync(elsewhere, join(directory, 'app'))
  await store.write('app', { generation: 'g' })
  writeFileSync(join(elsewhere, 'notes'), 'mine')
  await store.remove('app')
  assert.deepEqual(readdirSync(elsewhere), ['notes'])
  assert.equal(lstatSync(join(directory, 'app'), { throwIfNoEntry: false }), undefined)
  // No VM's: a directory of dvm's own.
  symlinkSync(elsewhere, join(directory, 'locks'))
  await store.remove('locks')
  assert.ok(lstatSync(join(directory, 'locks')).isSymbolicLink())
})

test('a name that is no VM name never becomes a path', async (t) => {
  const { store } = setUp(t)
  for (const name of ['..', '../x', 'a/b', '', '.', 'A'])
    await assert.rejects(async () => store.write(name, { generation: 'g' }), /not a VM name/)
})
