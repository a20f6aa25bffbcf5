// kill -9 of dvm at every step of a build. The steps are told by their titles on stderr: a step runs from the moment at which the one
// before it is done. Makes its base when there is none (10-base-build).
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { containerfile, ensureBase, freshWord, writeContainerfile, writeVm } from '../../support/e2e-base.ts'
import {
  builder,
  dvm,
  filesOf,
  generations,
  idle,
  instance,
  instances,
  publishedBase,
  remoteWork,
  sha256,
  startDvm,
  type BaseFacts,
} from '../../support/e2e.ts'

const titles = [
  'Check this machine',
  'Prepare the builder',
  'Send the build context',
  'Build dvm-base',
  'Build your image',
  'Check the image',
  'Assemble the disk',
  'Fetch the disk',
  'Boot test',
  'Publish',
]
let old: BaseFacts

before(async () => {
  await ensureBase()
  old = publishedBase()
})

for (const [index, title] of titles.entries())
  test(`killed in the step "${title}": the old base is whole, and base status tells the truth`, async () => {
    writeContainerfile(containerfile(freshWord()))
    const build = startDvm(['base', 'build'])
    const previous = titles[index - 1]
    await build.told(previous === undefined ? /^changed since /m : new RegExp(`^✔ ${previous} `, 'm'))
    build.kill('SIGKILL')
    assert.equal((await build.result).signal, 'SIGKILL')
    const status = JSON.parse((await dvm(['base', 'status', '--json'])).stdout) as {
      building: unknown
      changes: unknown
      current: Record<string, unknown>
    }
    assert.equal(status.building, null)
    const { current, metadata } = publishedBase()
    assert.deepEqual(status.current, metadata)
    assert.equal(await sha256(join(generations, current, 'disk.qcow2')), metadata['sha256'])
    // Publishing is one rename: the kill came before it or after it.
    if (title === 'Publish' && current !== old.current) assert.deepEqual(status.changes, [])
    else {
      assert.deepEqual([current, status.changes], [old.current, ['Containerfile']])
      assert.deepEqual(metadata, old.metadata)
    }
  })

test('after all of it the base boots', async () => {
  writeVm('killed')
  const synced = await dvm(['sync', 'killed'])
  assert.equal(synced.exitCode, 0, synced.stderr)
  assert.match((await dvm(['ssh', 'killed', '--', 'greet', 'x'])).stdout, /^hello from \S+: x\n$/)
  assert.equal((await dvm(['rm', 'killed', '--yes', '--config'])).exitCode, 0)
})

test('after all of it the next build works and leaves nothing temporary, here or in the builder', async () => {
  const before = publishedBase().current
  writeContainerfile(containerfile(freshWord()))
  const build = await dvm(['base', 'build'])
  assert.equal(build.exitCode, 0, build.stderr)
  const { current, files } = publishedBase()
  assert.deepEqual(files, filesOf(before, current))
  assert.deepEqual(await remoteWork(), idle)
  assert.equal(await instance('dvm-base'), undefined)
  assert.deepEqual(
    (await instances()).map(({ name, status }) => [name, status]),
    [[builder, 'Running']],
  )
})
