// `dvm watch` on real files, a real VM and a real builder: a saved setup.sh is in the VM, a saved Containerfile stops the build of the one
// before, Ctrl-C leaves nothing. Makes its base (10-base-build) and its VM (20-vm) when there are none.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { containerfile, ensureBase, ensureVm, freshWord, writeContainerfile } from '../support/e2e-base.ts'
import {
  configDir,
  endless,
  idle,
  publishedBase,
  remoteWork,
  runDvm,
  startDvm,
  untilEndless,
  type RunningDvm,
} from '../support/e2e.ts'

let watch: RunningDvm
let base: string

const current = (): string => publishedBase().current
before(async () => {
  await ensureBase()
  await ensureVm('app')
  base = current()
  watch = startDvm(['watch', 'app', '--no-boot-test'])
  await watch.told(/^\d\d:\d\d:\d\d base \S+ is current$/m)
})
after(() => {
  writeContainerfile(containerfile('one'))
  // A test that failed has left it running, and this process would wait for it.
  watch.kill('SIGKILL')
})

/** Saves a Containerfile whose build does not end; resolves once that runs in the builder. */
const saveEndless = () =>
  untilEndless(() => {
    writeContainerfile(containerfile(freshWord(), endless))
    return watch
  })

test('a saved setup.sh is run in the VM at once', async () => {
  writeFileSync(join(configDir, 'vms/app/setup.sh'), 'echo seen > /var/tmp/watched\n', { mode: 0o600 })
  await watch.told(/app: changed setup\.sh, syncing\n[^]*app: synced/)
  const { stdout } = await runDvm(['ssh', 'app', '--', 'bash', '-c', 'cat /var/tmp/watched'])
  assert.equal(stdout, 'seen\n')
})

test('a setup.sh that fails is told with its last lines, and the watch goes on', async () => {
  writeFileSync(join(configDir, 'vms/app/setup.sh'), 'echo no such tool >&2\nexit 3\n', { mode: 0o600 })
  await watch.told(/app: .*setup\.sh.*\n(?: {2}\|.*\n)* {2}\| no such tool\n {2}try: /)
  writeFileSync(join(configDir, 'vms/app/setup.sh'), 'echo again > /var/tmp/watched\n', { mode: 0o600 })
  await watch.told(/no such tool\n[^]*app: synced/)
})

test('a saved Containerfile is built; a newer change stops that build, which leaves nothing', async () => {
  await saveEndless()
  await watch.told(/base: changed Containerfile, building$/m)
  writeContainerfile(containerfile('one'))
  await watch.told(
    /base: changed Containerfile, stopping the build under way\n[^]*base: changed Containerfile, nothing to build/,
  )
  assert.deepEqual(await remoteWork(), idle)
  assert.equal(current(), base)
})

test('Ctrl-C in the middle of a build ends both with 130, and the base is what it was', async () => {
  await saveEndless()
  await watch.told(/nothing to build\n[^]*base: changed Containerfile, building/)
  watch.kill('SIGINT')
  const { exitCode, stdout, stderr } = await watch.result
  assert.deepEqual([exitCode, stdout], [130, ''])
  assert.match(
    stderr,
    /\nstopping and taking back what this run made \(once more exits at once\)\ninterrupted\n$/,
  )
  assert.equal(current(), base)
  assert.deepEqual(await remoteWork(), idle)
})
