import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { Generation } from '../../../src/core/generation.ts'
import { createBaseStore, type BaseStore } from '../../../src/ports/store/index.ts'
import { manifestOf, metadataOf } from '../../support/generations.ts'
import { temporaryDirectory } from '../../support/temporary.ts'

const one = '1'.repeat(64)
const two = '2'.repeat(64)
const three = '3'.repeat(64)

const build = async (store: BaseStore, generation: string, content = 'disk'): Promise<Generation> => {
  const candidate = await store.prepare(generation)
  writeFileSync(candidate.disk, content)
  const builtAt = `2026-08-0${generation[0] ?? ''}T10:00:00.000Z`
  return store.keep(candidate, metadataOf(generation, { diskSize: content.length, builtAt }), manifestOf())
}

const storeIn = (t: TestContext, name = 'cache') => {
  const cache = join(temporaryDirectory(t), name)
  return { cache, root: join(cache, 'base'), store: createBaseStore(cache) }
}

test('an empty cache has nothing, and looking makes nothing', async (t) => {
  const { cache, root, store } = storeIn(t)
  assert.equal(store.defaultImage, join(root, 'disk.qcow2'))
  assert.equal(await store.current(), undefined)
  assert.equal(await store.find(one), undefined)
  assert.deepEqual(await store.list(), [])
  assert.equal(await store.sweep(), 0)
  assert.deepEqual(await store.removeAll(), [])
  assert.equal(existsSync(cache), false)
  assert.ok((await store.freeBytes()) > 0)
})

for (const name of ['cache', "it's a ~ $(dir) ü", '-n', 'with\nnewline'])
  test(`publishes in a directory called ${JSON.stringify(name)}`, async (t) => {
    const { root, store } = storeIn(t, name)
    const kept = await build(store, one)
    assert.equal(await store.current(), undefined, 'kept is not current yet')
    assert.equal(existsSync(store.defaultImage), false)
    await store.makeCurrent(kept)
    assert.deepEqual(await store.current(), kept)
    assert.deepEqual(await store.find(one), kept)
    assert.equal(kept.disk, join(root, 'generations', one, 'disk.qcow2'))
    assert.equal(realpathSync(store.defaultImage), kept.disk)
    assert.equal(readlinkSync(join(root, 'current')), `generations/${one}`)
    assert.deepEqual(JSON.parse(readFileSync(join(root, 'metadata.json'), 'utf8')), kept.metadata)
    assert.deepEqual(readdirSync(root).sort(), ['current', 'disk.qcow2', 'generations', 'metadata.json'])
    assert.equal(statSync(join(root, 'generations')).mode & 0o777, 0o700)
    assert.equal(await store.generationOf(kept.disk), one)
  })

test('an equal generation that is built again gets a directory of its own, and the newest is found', async (t) => {
  const { root, store } = storeIn(t)
  const first = await build(store, one, 'first')
  await store.makeCurrent(first)
  const second = await build(store, one, 'second')
  const third = await build(store, one, 'third!')
  assert.deepEqual(readdirSync(join(root, 'generations')).sort(), [one, `${one}-2`, `${one}-3`])
  assert.equal(readFileSync(first.disk, 'utf8'), 'first')
  assert.deepEqual(await store.find(one), third)
  assert.deepEqual(await store.current(), first)
  await store.makeCurrent(second)
  assert.equal(realpathSync(store.defaultImage), second.disk)
  assert.equal((await build(store, one)).disk, join(root, 'generations', `${one}-4`, 'disk.qcow2'))
})

test('prune keeps what it is told and only removes generations', async (t) => {
  const { root, store } = storeIn(t)
  const [old, previous, current] = [
    await build(store, one),
    await build(store, two),
    await build(store, three),
  ]
  mkdirSync(join(root, 'generations', 'mine'))
  assert.deepEqual(await store.prune([current, previous]), [one])
  assert.deepEqual(readdirSync(join(root, 'generations')).sort(), [two, three, 'mine'])
  assert.equal(await store.find(old.metadata.generation), undefined)
  assert.deepEqual(
    (await store.list()).map(({ metadata }) => metadata.generation),
    [three, two],
  )
})

test('the sweep removes what killed runs left, and nothing else', async (t) => {
  const { root, store } = storeIn(t)
  const kept = await build(store, one)
  await store.makeCurrent(kept)
  const left = await store.prepare(two)
  writeFileSync(left.disk, 'half')
  symlinkSync('generations/x', join(root, 'current.tmp-4711'))
  writeFileSync(join(root, 'notes'), 'mine')
  assert.equal(await store.sweep(), 2)
  assert.deepEqual(readdirSync(root).sort(), [
    'current',
    'disk.qcow2',
    'generations',
    'metadata.json',
    'notes',
  ])
  assert.deepEqual(readdirSync(join(root, 'generations')), [one])
  assert.equal(await store.sweep(), 0)
  assert.deepEqual(await store.current(), kept)
})

test('a candidate starts empty, is private, and can be discarded more than once', async (t) => {
  const { store } = storeIn(t)
  const first = await store.prepare(one)
  writeFileSync(first.disk, 'x')
  const again = await store.prepare(one)
  assert.deepEqual(readdirSync(again.directory), [])
  assert.equal(statSync(again.directory).mode & 0o777, 0o700)
  await store.discard(again)
  await store.discard(again)
  assert.equal(existsSync(again.directory), false)
})

const damages: readonly [string, (directory: string) => void][] = [
  ['a truncated disk', (directory) => truncateSync(join(directory, 'disk.qcow2'), 3)],
  ['a grown disk', (directory) => writeFileSync(join(directory, 'disk.qcow2'), 'disk and more')],
  ['a damaged metadata.json', (directory) => writeFileSync(join(directory, 'metadata.json'), '{"schema":1')],
  ['a damaged manifest.json', (directory) => writeFileSync(join(directory, 'manifest.json'), '{"inputs":')],
  ['an empty manifest.json', (directory) => writeFileSync(join(directory, 'manifest.json'), '')],
]
for (const [what, damage] of damages)
  test(`with ${what} it is no generation, and a new build gets another directory`, async (t) => {
    const { root, store } = storeIn(t)
    const kept = await build(store, one)
    await store.makeCurrent(kept)
    damage(join(root, 'generations', one))
    assert.equal(await store.current(), undefined)
    assert.equal(await store.find(one), undefined)
    assert.deepEqual(await store.list(), [])
    assert.equal(await store.generationOf(kept.disk), undefined)
    const repaired = await build(store, one)
    assert.equal(repaired.disk, join(root, 'generations', `${one}-2`, 'disk.qcow2'))
    assert.deepEqual(await store.find(one), repaired)
  })

test('a disk that is not what the record says is not kept', async (t) => {
  const { store } = storeIn(t)
  const candidate = await store.prepare(one)
  writeFileSync(candidate.disk, 'four')
  await assert.rejects(store.keep(candidate, metadataOf(one, { diskSize: 5 }), manifestOf()), {
    code: 'integrity',
  })
  assert.equal(await store.find(one), undefined)
})

test('a link can stand anywhere; what stood there stays beside it, also the second time', async (t) => {
  const { cache, store } = storeIn(t)
  const kept = await build(store, one)
  const path = join(cache, 'elsewhere', 'my disk.qcow2')
  assert.equal(await store.linkAt(path, kept), undefined)
  assert.equal(readlinkSync(path), kept.disk)
  const other = await build(store, two)
  assert.equal(await store.linkAt(path, other), undefined, 'a link of ours is replaced')
  assert.equal(realpathSync(path), other.disk)
  for (const aside of [`${path}.previous`, `${path}.previous-2`]) {
    await store.removeFile(path)
    writeFileSync(path, aside)
    assert.equal(await store.linkAt(path, kept), aside)
    assert.equal(readFileSync(aside, 'utf8'), aside)
  }
  assert.equal(readFileSync(`${path}.previous`, 'utf8'), `${path}.previous`)
  assert.equal(await store.generationOf(realpathSync(path)), one)
})

test('a directory for a link that cannot be made is an error, not something to wait for', async (t) => {
  const { store } = storeIn(t)
  const kept = await build(store, one)
  // /proc says to root that there is no such directory, each time one is made.
  await assert.rejects(store.linkAt('/proc/dvm/disk.qcow2', kept), /\/proc/)
})

test('a dangling link is no obstacle', async (t) => {
  const { cache, store } = storeIn(t)
  const kept = await build(store, one)
  const path = join(cache, 'link')
  symlinkSync('/nowhere', path)
  await store.linkAt(path, kept)
  assert.equal(realpathSync(path), kept.disk)
})

test('removes everything of its own and leaves strangers alone', async (t) => {
  const { root, store } = storeIn(t)
  await store.makeCurrent(await build(store, one))
  writeFileSync(join(root, 'notes'), 'mine')
  const gone = await store.removeAll()
  assert.deepEqual(
    gone,
    ['current', 'disk.qcow2', 'metadata.json', 'generations'].map((name) => join(root, name)),
  )
  assert.deepEqual(readdirSync(root), ['notes'])
  assert.equal(await store.current(), undefined)
})

test('removes exactly one file or link', async (t) => {
  const { cache, store } = storeIn(t)
  const kept = await build(store, one)
  const path = join(cache, 'link')
  symlinkSync(kept.disk, path)
  assert.equal(await store.removeFile(path), true)
  assert.equal(await store.removeFile(path), false)
  assert.ok(lstatSync(kept.disk).isFile())
})

test('only a generation’s own disk is one', async (t) => {
  const { cache, root, store } = storeIn(t)
  const kept = await build(store, one)
  const disk = join(cache, 'disk.qcow2')
  writeFileSync(disk, 'disk')
  assert.equal(await store.generationOf(disk), undefined)
  assert.equal(await store.generationOf(join(root, 'generations', two, 'disk.qcow2')), undefined)
  assert.equal(await store.generationOf(kept.disk), one)
})
