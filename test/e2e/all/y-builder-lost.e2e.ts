// The builder broken, killed and deleted, between builds and during them. Makes its base when there is none (10-base-build). Late, because the new builder has no caches.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { containerfile, ensureBase, freshWord, writeContainerfile } from '../../support/e2e-base.ts'
import {
  builder,
  dvm,
  endless,
  startDvm,
  startEndless,
  idle,
  instance,
  limactl,
  publishedBase,
  remoteWork,
  until,
  type BaseFacts,
} from '../../support/e2e.ts'

const build = ['base', 'build', '--no-boot-test']
let old: BaseFacts

before(async () => {
  await ensureBase()
  old = publishedBase()
})

/** With no word of the Containerfile's line, which is not to blame. */
const wentAway = /^dvm: the builder went away during the build\n(?: {2}\| .*\n)* {2}try: dvm base build \(/m

const processOf = async (file: string): Promise<number> => {
  const found = await instance(builder)
  assert.ok(found)
  return Number(readFileSync(join(found.dir, file), 'utf8'))
}

/** A build that goes through all of the builder and then fails on purpose: what is asked here is whether it gets there. */
const failsInTheImage = async (): Promise<string[]> => {
  writeContainerfile(containerfile('lost', 'RUN exit 33'))
  const { exitCode, stderr } = await dvm(build)
  assert.equal(exitCode, 1, stderr)
  assert.match(stderr, /exit status 33$/m)
  return stderr.split('\n').filter((line) => /^ {2}[a-z]/.test(line) && !/^ {2}(try|log):/.test(line))
}

test('a builder whose host agent was killed is Broken: it is restarted, with a line that says so', async () => {
  process.kill(await processOf('ha.pid'), 'SIGKILL')
  await until('Lima says that it is Broken', async () => (await instance(builder))?.status === 'Broken')
  assert.deepEqual(await failsInTheImage(), ['  the builder is Broken: restarting it'])
  assert.deepEqual(publishedBase(), old)
})

test('a builder that is stopped during a build: the build fails clearly, the next one starts it', async () => {
  writeContainerfile(containerfile('lost', endless))
  const running = await startEndless(build)
  await limactl('stop', builder)
  const { exitCode, stderr } = await running.result
  assert.equal(exitCode, 1, stderr)
  assert.match(stderr, wentAway)
  assert.deepEqual(publishedBase(), old)
  assert.equal((await failsInTheImage())[0], '  the builder was stopped: starting it')
  assert.deepEqual(await remoteWork(), idle)
})

test('a builder whose QEMU is killed during a build: the build fails clearly, the next one repairs it', async () => {
  writeContainerfile(containerfile('lost', endless))
  const running = await startEndless(build)
  process.kill(await processOf('qemu.pid'), 'SIGKILL')
  const { exitCode, stderr } = await running.result
  assert.equal(exitCode, 1, stderr)
  assert.match(stderr, wentAway)
  assert.deepEqual(publishedBase(), old)
  const [note = '', ...more] = await failsInTheImage()
  assert.match(note, /^ {2}the builder (was stopped: starting it|is \w+: restarting it)$/)
  // Without it the build stands on layers that the power cut left half written.
  assert.deepEqual(more, [
    '  the builder went down in the middle of a build: checking its images, which takes minutes',
  ])
  assert.deepEqual(await remoteWork(), idle)
})

test('a builder that is deleted during a build: the build fails clearly, and status says that there is none', async () => {
  writeContainerfile(containerfile('lost', endless))
  const running = await startEndless(build)
  await limactl('delete', '--force', builder)
  const { exitCode, stderr } = await running.result
  assert.equal(exitCode, 1, stderr)
  assert.match(stderr, wentAway)
  assert.deepEqual(publishedBase(), old)
  const status = await dvm(['base', 'status'])
  assert.match(status.stdout, /^builder: {3}none \(made by the first build\)$/m)
})

test('kill -9 while a new builder is being made: the next build makes it usable', async () => {
  const killed = startDvm(build)
  await killed.told(new RegExp(`^ {2}there is no builder yet: making ${builder}$`, 'm'))
  await until('Lima knows it', async () => (await instance(builder)) !== undefined)
  killed.kill('SIGKILL')
  await killed.result
  assert.deepEqual(publishedBase(), old)
  const next = startDvm(build)
  await next.told(/^✔ Prepare the builder /m)
  next.kill('SIGINT')
  assert.equal((await next.result).exitCode, 130)
  assert.deepEqual(publishedBase(), old)
})

test('--clean makes a new builder, and a base in it', async () => {
  const before = await processOf('qemu.pid')
  writeContainerfile(containerfile(freshWord()))
  const { exitCode, stderr } = await dvm([...build, '--clean'])
  assert.equal(exitCode, 0, stderr)
  assert.match(stderr, /^ {2}a fresh builder$/m)
  assert.notEqual(await processOf('qemu.pid'), before)
  assert.notEqual(publishedBase().current, old.current)
})
