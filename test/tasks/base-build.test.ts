// `base build`: which steps run, what they leave, and that nothing visible changes before the last one.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { DvmError, Interrupted } from '../../src/core/errors.ts'
import { buildBase } from '../../src/tasks/base-build.ts'
import type { BuildOptions } from '../../src/tasks/build-run.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const options: BuildOptions = { clean: false, noCache: false, bootTest: true, wait: true }
const containerfile = (world: World, text = 'FROM dvm-base\nRUN false\n'): string =>
  world.write('.config/dvm/base/Containerfile', text)
const build = (world: World, change: Partial<BuildOptions> = {}) =>
  buildBase(world.deps, { ...options, ...change })
const failure = async (promise: Promise<unknown>): Promise<DvmError> => {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof DvmError, String(error))
  return error
}
const quiet = (calls: readonly string[]): string[] =>
  calls.filter((call) => !['list', 'version'].includes(call))

test('a first build goes through every step in order and publishes what it booted', async (t) => {
  const world = memoryWorld(t)
  containerfile(world)
  const { outcome, generation } = await build(world)
  assert.equal(outcome, 'built')
  assert.deepEqual(quiet(world.memory.calls), [
    'create dvm-builder',
    'start dvm-builder',
    'marker',
    'sweep end',
    'provision',
    'recover',
    'sweep begin',
    'freeBytes',
    'ship',
    'pull docker.io/library/debian@sha256:a29215f6',
    'image localhost/dvm-disk-builder:latest',
    'image localhost/dvm-base:latest',
    'build localhost/dvm-disk-builder:latest',
    'build localhost/dvm-base:latest',
    'build localhost/dvm-target:latest',
    'build ends',
    'check',
    'disk none --progress debug',
    'tools',
    'size',
    'fetch',
    'sweep end',
    'create dvm-base',
    'start dvm-base',
    'run dvm-base: sudo bash -s',
    'undo delete dvm-base --force',
  ])
  assert.deepEqual(world.story, [
    'there is no base yet: building the first one',
    '✔ Check this machine',
    '  there is no builder yet: making dvm-builder',
    '✔ Prepare the builder',
    '✔ Send the build context',
    '✔ Build dvm-base',
    '✔ Build your image',
    '✔ Check the image',
    '✔ Assemble the disk',
    '✔ Fetch the disk',
    '✔ Boot test',
    '✔ Publish',
  ])
  const { metadata, manifest, disk } = generation
  assert.deepEqual(
    { ...metadata, generation: '', builtAt: '' },
    {
      schema: 1,
      generation: '',
      builtAt: '',
      arch: 'x86_64',
      flavour: 'debian',
      bootcBase: manifest.inputs.bootcBase,
      bootcBaseId: 'pulled-id',
      diskBuilder: "dvm's own for debian",
      diskBuilderId: 'id-of-localhost/dvm-disk-builder:latest',
      dvmVersion: '1.2.3',
      diskSize: 512,
      virtualSize: 10 * 1024 ** 3,
      sha256: world.disk.sha256,
      bootTest: 'passed',
    },
  )
  assert.deepEqual(Object.keys(manifest.inputs.context), ['Containerfile'])
  assert.deepEqual(manifest.tools, { schema: '1', podman: 'podman version 5.4.2' })
  assert.equal(realpathSync(world.deps.store.defaultImage), disk)
  assert.deepEqual(readFileSync(disk), world.disk.bytes)
  assert.equal(existsSync(join(disk, '../lima.yaml')), false, 'the boot test’s document is gone')
  assert.deepEqual([...world.memory.vms.keys()], ['dvm-builder'])
  const log = join(world.deps.env.stateDir, 'base/build.log')
  assert.match(readFileSync(log, 'utf8'), /STEP 2\/2: RUN false/)
  assert.equal(statSync(log).mode & 0o777, 0o600)
})

test('an unchanged build asks nobody and takes no lock', async (t) => {
  let held = 0
  const world = memoryWorld(t, {}, ({ locks }) => ({
    locks: {
      ...locks,
      hold: (...args) => {
        held += 1
        return locks.hold(...args)
      },
    },
  }))
  containerfile(world)
  const first = await build(world)
  world.reset()
  held = 0
  const second = await build(world)
  assert.equal(second.outcome, 'unchanged')
  assert.deepEqual(second.generation, first.generation)
  assert.deepEqual([world.memory.calls, world.story, held], [[], [], 0])
})

test('a changed one says which inputs changed, an old one becomes current again without Lima', async (t) => {
  const world = memoryWorld(t)
  containerfile(world)
  world.write('.config/dvm/base/motd', 'one')
  const first = (await build(world)).generation
  world.write('.config/dvm/base/motd', 'two')
  world.write('.config/dvm/base/.env', 'TOKEN=1')
  world.reset()
  const second = (await build(world)).generation
  assert.deepEqual(world.story.slice(0, 2), [
    `changed since ${first.metadata.generation.slice(0, 12)}: motd`,
    'warning: left out of the build, because it looks like a secret: .env (to ship it, put !.env into .containerignore)',
  ])
  assert.ok(!quiet(world.memory.calls).some((call) => /^(create|start) dvm-builder|provision/.test(call)))
  world.write('.config/dvm/base/motd', 'one')
  world.reset()
  const { outcome, generation } = await build(world)
  assert.equal(outcome, 'switched')
  assert.deepEqual(generation, first)
  assert.deepEqual(world.memory.calls, [])
  assert.equal(realpathSync(world.deps.store.defaultImage), first.disk)
  assert.ok(existsSync(second.disk), 'the other one is kept')
})

test('only the current and the previous generation are kept', async (t) => {
  const world = memoryWorld(t)
  for (const motd of ['one', 'two', 'three']) {
    containerfile(world, `FROM dvm-base\nRUN echo ${motd}\n`)
    await build(world, { bootTest: false })
  }
  assert.equal((await world.deps.store.list()).length, 2)
})

for (const change of [{ noCache: true }, { clean: true }])
  test(`${JSON.stringify(change)} builds although nothing changed`, async (t) => {
    const world = memoryWorld(t)
    containerfile(world)
    const first = (await build(world)).generation
    const calls = world.reset()
    const { outcome, generation } = await build(world, change)
    assert.equal(outcome, 'built')
    assert.equal(generation.metadata.generation, first.metadata.generation)
    assert.notEqual(generation.disk, first.disk, 'a VM may still be going to boot from the first')
    assert.ok(existsSync(first.disk))
    const now = world.memory.calls
    assert.equal(now.includes('delete dvm-builder --force'), 'clean' in change)
    assert.equal(now.includes('build localhost/dvm-target:latest --no-cache'), 'noCache' in change)
    assert.equal(now.includes('build localhost/dvm-base:latest --no-cache'), 'noCache' in change)
    assert.ok(calls.includes('build localhost/dvm-target:latest'))
    assert.match(world.story[0] ?? '', /as asked \(--(no-cache|clean)\)/)
  })

test('without a boot test it is skipped, said and recorded', async (t) => {
  const world = memoryWorld(t)
  containerfile(world)
  const { generation } = await build(world, { bootTest: false })
  assert.equal(generation.metadata.bootTest, 'skipped')
  assert.ok(world.story.includes('- Boot test: skipped (--no-boot-test)'))
  assert.ok(
    !world.memory.calls.some((call) => call.includes('dvm-base --force') || call === 'create dvm-base'),
  )
})

test('a pinned disk builder is pulled by its digest and may use the network', async (t) => {
  const world = memoryWorld(t, { DVM_FLAVOUR: 'fedora' })
  containerfile(world)
  const { generation } = await build(world, { bootTest: false })
  assert.match(generation.metadata.diskBuilder, /^ghcr\.io\/osbuild\/bootc-image-builder@sha256:/)
  assert.ok(world.memory.calls.includes('disk host --progress debug'))
  assert.ok(!world.memory.calls.includes('build localhost/dvm-disk-builder:latest'))
})

test('a second build waits, names the holder, and then has nothing left to do', async (t) => {
  const world = memoryWorld(t)
  containerfile(world)
  const begun = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  world.memory.at = async (call) => {
    if (call !== 'ship') return
    begun.resolve()
    await go.promise
  }
  const first = build(world)
  await begun.promise
  const busy = await failure(build(world, { wait: false }))
  assert.deepEqual([busy.code, busy.exitCode], ['busy', 7])
  assert.match(busy.message, /base is in use by dvm test \(pid \d+, since /)
  const waits = Promise.withResolvers<string>()
  const second = buildBase(
    { ...world.deps, report: { ...world.deps.report, note: (line) => waits.resolve(line) } },
    options,
  )
  assert.match(await waits.promise, /^waiting for dvm test \(pid \d+/)
  go.resolve()
  assert.equal((await first).outcome, 'built')
  const { outcome, generation } = await second
  assert.equal(outcome, 'unchanged')
  assert.deepEqual(generation, (await first).generation)
})

test('a failure or an interruption at any moment leaves the old base, no files and a swept builder', async (t) => {
  const world = memoryWorld(t)
  containerfile(world)
  const old = (await build(world)).generation
  // Without a builder, so that making and provisioning it are among the moments.
  const again = (): void => {
    world.memory.vms.clear()
    world.reset()
  }
  containerfile(world, 'FROM dvm-base\nRUN changed\n')
  const probe = memoryWorld(t)
  containerfile(probe, 'FROM dvm-base\nRUN changed\n')
  await build(probe)
  const moments = probe.memory.calls.filter((call) => !call.startsWith('undo'))
  assert.ok(moments.length > 25, moments.join('\n'))
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  for (const [index, moment] of moments.entries()) {
    again()
    let seen = 0
    world.memory.at = (call) => {
      if (call.startsWith('undo')) return
      seen += 1
      if (seen === index + 1) throw new DvmError('failed', `no ${call}`)
    }
    const error = await build(world).then(
      () => undefined,
      (error: unknown) => error,
    )
    world.memory.at = () => undefined
    const where = `${index}: ${moment}`
    const survived = error === undefined
    // Repairs and questions may fail without ending the build; then it must have been published whole.
    assert.ok(survived || error instanceof DvmError, `${where}: ${String(error)}`)
    assert.ok(!survived, where)
    assert.match(error.message, /no |cannot/, where)
    assert.equal(error.logFile, world.deps.logs.basePath, where)
    assert.deepEqual(await world.deps.store.current(), old, where)
    assert.deepEqual(world.leftovers(), [], where)
    assert.ok(!world.memory.vms.has('dvm-base'), where)
    const builder = world.memory.vms.get('dvm-builder')
    // Whether the builder still answers is asked after all is taken back.
    const acts = world.memory.calls.filter((call) => call !== 'answers')
    if (builder?.instance.status === 'Running') assert.equal(acts.at(-1), 'undo sweep end', where)
    assert.equal(await world.deps.locks.holder('base'), undefined, where)
    assert.equal(timers(), before, `${where}: a timer keeps dvm from ending`)
  }
  again()
  assert.equal((await build(world)).outcome, 'built')
})

test('a builder that goes away during the build is the reason, not the line it was at', async (t) => {
  const world = memoryWorld(t)
  containerfile(world)
  world.memory.at = (call) => {
    if (!call.startsWith('build localhost/dvm-target')) return
    world.disk.answers = false
    throw new DvmError('failed', 'dvm-builder does not answer over ssh')
  }
  await assert.rejects(build(world), (error: unknown) => {
    assert.ok(error instanceof DvmError)
    assert.equal(error.message, 'the builder went away during the build')
    assert.match(error.hint ?? '', /^dvm base build /)
    return true
  })
})

test('Ctrl-C at any moment takes everything back with ports that still work', async (t) => {
  const probe = memoryWorld(t)
  containerfile(probe)
  await build(probe)
  const moments = probe.memory.calls.filter((call) => !call.startsWith('undo'))
  for (const [index, moment] of moments.entries()) {
    const world = memoryWorld(t)
    containerfile(world)
    let [seen, after] = [0, 0]
    world.memory.at = (call) => {
      if (call.startsWith('undo')) return
      seen += 1
      if (seen !== index + 1) return
      world.interrupt()
      after = world.memory.calls.length
    }
    const error = await build(world).then(
      () => undefined,
      (error: unknown) => error,
    )
    const where = `${index}: ${moment}`
    assert.ok(error instanceof Interrupted || error instanceof DvmError, `${where}: ${String(error)}`)
    assert.ok(world.deps.signal.reason instanceof Interrupted)
    assert.deepEqual(world.leftovers(), [], where)
    assert.ok(!world.memory.vms.has('dvm-base'), where)
    assert.equal(existsSync(world.deps.store.defaultImage), false, where)
    const builder = world.memory.vms.get('dvm-builder')
    // Whether the builder still answers is asked after all is taken back.
    const acts = world.memory.calls.filter((call) => call !== 'answers')
    if (builder?.instance.status === 'Running') assert.equal(acts.at(-1), 'undo sweep end', where)
    const others = world.memory.calls.slice(after).filter((call) => !/^(undo|answers)/.test(call))
    // Some begin side by side.
    const beside = /^(image|build) localhost\/dvm-disk-builder/.test(moment)
      ? [moment.replace('disk-builder', 'base')]
      : moment === 'tools'
        ? ['size']
        : []
    assert.deepEqual(others, beside, where)
  }
})

test('a podman failure names the line of the Containerfile', async (t) => {
  const world = memoryWorld(t)
  const path = containerfile(world, '# mine\nFROM dvm-base\n\nRUN \\\n  false\n')
  world.disk.lines = ['STEP 1/2: FROM dvm-base', 'STEP 2/2: RUN   false']
  world.memory.at = (call) => {
    if (call === 'build ends')
      throw new DvmError('failed', 'building at STEP "RUN   false": exit status 1', { tail: ['last'] })
  }
  const error = await failure(build(world))
  assert.equal(error.message, `${path}:4: building at STEP "RUN   false": exit status 1`)
  assert.deepEqual(error.tail, ['last'])
  assert.equal(error.hint, 'correct that line and build again; the old base stays in use')
  assert.ok(world.story.includes('✖ Build your image'))
})

test('problems of the image are told before the slow steps', async (t) => {
  const world = memoryWorld(t)
  containerfile(world)
  world.disk.problems = ['missing: iproute2: cloud-init cannot configure the network; add iproute2']
  const error = await failure(build(world))
  assert.deepEqual(
    [error.message, error.tail, error.logFile],
    ['the image cannot become a VM', world.disk.problems, world.deps.logs.basePath],
  )
  assert.equal(
    world.memory.calls.some((call) => call.startsWith('disk ')),
    false,
  )
  assert.match(readFileSync(world.deps.logs.basePath, 'utf8'), /missing: iproute2/)
})

test('a builder or a host without room is told with numbers, in seconds', async (t) => {
  const world = memoryWorld(t)
  containerfile(world)
  world.disk.freeBytes = 2 * 1024 ** 3
  const builder = await failure(build(world))
  assert.equal(builder.message, "the builder's disk is nearly full: 2 GiB free, 6 GiB needed")
  assert.equal(builder.hint, 'DVM_BUILDER_DISK=80 dvm base build --clean')
  const full = memoryWorld(t, {}, ({ store }) => ({
    store: { ...store, freeBytes: () => Promise.resolve(1024) },
  }))
  containerfile(full)
  const host = await failure(build(full))
  assert.match(host.message, /^not enough space in \S+\/\.cache\/dvm: 1 KiB free, \d\.\d GiB needed$/)
  assert.deepEqual(full.memory.calls, ['version'])
})

test('a Lima that is missing or too old ends it before anything is made', async (t) => {
  const world = memoryWorld(t)
  containerfile(world)
  world.memory.at = (call) => {
    if (call === 'version') throw new DvmError('tool', 'Lima 2.0.3 is too old')
  }
  const error = await failure(build(world))
  assert.deepEqual([error.exitCode, error.message], [4, 'Lima 2.0.3 is too old'])
  assert.deepEqual(quiet(world.memory.calls), [])
})

test('a disk of one’s own at DVM_BASE_IMAGE is put aside, with a line that says so', async (t) => {
  const world = memoryWorld(t, { DVM_BASE_IMAGE: '~/my.qcow2' })
  containerfile(world)
  const mine = world.write('my.qcow2', 'mine')
  const { generation } = await build(world)
  assert.equal(realpathSync(mine), generation.disk)
  assert.equal(readFileSync(`${mine}.previous`, 'utf8'), 'mine')
  assert.ok(world.story.includes(`  the disk that stood at ${mine} is now ${mine}.previous`))
})
