// The images that dvm makes for its own use: not built again while nothing that they are made from has changed.
import assert from 'node:assert/strict'
import test from 'node:test'
import { buildBase } from '../../src/tasks/base-build.ts'
import type { BuildOptions } from '../../src/tasks/build-run.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const options: BuildOptions = { clean: false, noCache: false, bootTest: false, wait: true }
const containerfile = (world: World, line: string): string =>
  world.write('.config/dvm/base/Containerfile', `FROM dvm-base\n${line}\n`)

test('dvm’s own images are built when what they are made from is another, or when they are gone', async (t) => {
  const world = memoryWorld(t)
  const images = { base: 'build localhost/dvm-base:latest', tool: 'build localhost/dvm-disk-builder:latest' }
  let lines = 0
  const rebuild = async (change: Partial<BuildOptions> = {}): Promise<string[]> => {
    containerfile(world, `RUN echo ${(lines += 1)}`)
    world.reset()
    const { generation } = await buildBase(world.deps, { ...options, ...change })
    assert.equal(generation.metadata.diskBuilderId, 'id-of-localhost/dvm-disk-builder:latest')
    return world.memory.calls.filter((call) => /^build localhost\/dvm-(base|disk)/.test(call)).sort()
  }
  assert.deepEqual(await rebuild(), [images.base, images.tool])
  assert.deepEqual(await rebuild(), [])
  assert.deepEqual(await rebuild({ noCache: true }), [`${images.base} --no-cache`], 'the tool stays')
  assert.deepEqual(await rebuild(), [])
  const guest = world.memory.vms.get('dvm-builder')?.guest
  assert.ok(guest)
  guest.images.delete('localhost/dvm-base:latest')
  assert.deepEqual(await rebuild(), [images.base])
  guest.labels.set('localhost/dvm-disk-builder:latest', { 'dvm.inputs': 'of an earlier dvm' })
  assert.deepEqual(await rebuild(), [images.tool])
  const other = memoryWorld(t, { DVM_BOOTC_BASE: 'bootstrap:trixie' })
  other.memory.vms.set('dvm-builder', [...world.memory.vms.values()][0] ?? assert.fail())
  containerfile(other, 'RUN false')
  await buildBase(other.deps, options)
  const again = other.memory.calls.filter((call) => call.startsWith('build localhost/dvm-')).sort()
  assert.deepEqual(again, [images.base, images.tool, 'build localhost/dvm-target:latest'], 'on another base')
})

test('what changes between the plan and the sending ends the build: it would be named by other bytes', async (t) => {
  let later = false
  const world = memoryWorld(t, {}, ({ context }) => ({
    context: {
      ...context,
      scanFolder: async (directory) => {
        const scan = await context.scanFolder(directory)
        const changed = later && 'dvm-base.Containerfile' in scan.files
        return changed ? { ...scan, files: { ...scan.files, 'dvm-base.Containerfile': '644:0' } } : scan
      },
    },
  }))
  containerfile(world, 'RUN false')
  world.memory.at = (call) => {
    if (call !== 'marker') return
    later = true
    world.write('.config/dvm/base/motd', 'new')
  }
  await assert.rejects(buildBase(world.deps, options), {
    code: 'failed',
    message: 'changed while the build was starting: motd (new), plumbing/dvm-base.Containerfile',
    hint: 'dvm base build',
  })
  assert.ok(!world.memory.calls.some((call) => call.startsWith('build ')))
})
