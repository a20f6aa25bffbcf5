// Later builds: changed, interrupted, killed, failing; the base that VMs boot from stays whole. Makes its base (10-base-build) and its VM
// (20-vm) when there are none.
import assert from 'node:assert/strict'
import test, { before } from 'node:test'
import {
  containerfile,
  ensureBase,
  ensureVm,
  firstExtraLine,
  freshWord,
  pretendFedoraBuilder,
  writeBaseDirectory,
  writeContainerfile,
} from '../support/e2e-base.ts'
import {
  builder,
  dvm,
  endless,
  startEndless,
  until,
  filesOf,
  forbiddenLima,
  idle,
  instances,
  limactl,
  logText,
  publishedBase,
  remoteWork,
  runDvm,
  startDvm,
  type BaseFacts,
} from '../support/e2e.ts'

const build = ['base', 'build', '--no-boot-test']
const word = freshWord()
let one: string
let two: BaseFacts

before(async () => {
  await ensureBase()
  await ensureVm('app')
  one = publishedBase().current
})

test('three builds at once: the first is killed, another takes over and publishes, the last finds nothing to do', async () => {
  writeContainerfile(containerfile(word))
  const killed = startDvm(build)
  await killed.told(/^changed since [0-9a-f]{12}: Containerfile$/m)
  const waiting = [startDvm(build), startDvm(build)]
  const named = new RegExp(
    String.raw`^waiting for dvm base build --no-boot-test \(pid ${killed.pid}, since [\d :-]+ UTC\)$`,
    'm',
  )
  for (const each of waiting) await each.told(named)

  const busy = await dvm([...build, '--no-wait'])
  assert.deepEqual([busy.exitCode, busy.stdout], [7, ''])
  assert.match(
    busy.stderr,
    new RegExp(
      `^dvm: base is in use by dvm base build --no-boot-test \\(pid ${killed.pid}, since .*\\)\\n {2}try: `,
    ),
  )
  const meanwhile = await dvm(['sync', 'app', '--dry-run'])
  assert.equal(meanwhile.stdout.split('\n')[1], `base: ~/.cache/dvm/base/generations/${one}/disk.qcow2`)
  const status = JSON.parse((await dvm(['base', 'status', '--json'])).stdout) as Record<
    string,
    Record<string, unknown>
  >
  assert.deepEqual([status['building']?.['pid'], status['current']?.['generation']], [killed.pid, one])

  // The kill comes while the disk builder is at work; kills in all the other steps are among the long tests.
  await killed.told(/^✔ Check the image /m)
  await until(
    'the disk builder is at work',
    () => killed.stderr().includes('✖') || logText().includes('] Pipeline '),
  )
  const log = logText()
  killed.kill('SIGKILL')
  assert.equal((await killed.result).signal, 'SIGKILL')
  assert.equal(publishedBase().current, one)
  // Of all instructions one was run. dvm's own images are not even asked for: nothing that they are made from has changed.
  const steps = [...(log.match(/^STEP \d+\/\d+: .*$/gm) ?? [])].map((step) => step.trim())
  assert.deepEqual(
    [steps[0], steps.at(-1)],
    ['STEP 1/6: FROM dvm-base', `STEP 6/6: RUN echo ${word} > /etc/dvm-e2e-word`],
    log,
  )
  const cached = [...(log.match(/^--> Using cache [0-9a-f]{64}$/gm) ?? [])]
  assert.deepEqual([steps.length, cached.length], [6, 4], log)

  const ended = await Promise.all(waiting.map((each) => each.result))
  for (const { exitCode, stderr } of ended) assert.equal(exitCode, 0, stderr)
  two = publishedBase()
  assert.notEqual(two.current, one)
  const what = `base ${two.current.slice(0, 12)} \\(debian, [\\d.]+ MiB\\)`
  const [last = '', winner = ''] = ended
    .map(({ stdout }) => stdout)
    .sort()
    .toReversed()
  assert.match(last, new RegExp(`^nothing changed: ${what} is current\\n$`))
  assert.match(winner, new RegExp(`^${what} is ready: dvm sync VM boots from it\\n$`))
  assert.deepEqual(two.files, filesOf(one, two.current))
  assert.equal(two.metadata['bootTest'], 'skipped')
})

test('a VM made before is behind, and says so', async () => {
  const [row] = JSON.parse((await dvm(['ls', '--json'])).stdout) as Record<string, unknown>[]
  assert.deepEqual([row?.['name'], row?.['generation'], row?.['behind']], ['app', one, true])
  assert.match((await dvm(['ls'])).stdout, new RegExp(`^app .* ${one.slice(0, 12)} \\(behind\\)$`, 'm'))
})

test('rm --yes removes the VM and nothing else', async () => {
  assert.deepEqual(await dvm(['rm', 'app', '--yes']), {
    exitCode: 0,
    stdout: '',
    stderr:
      'app is removed\nwarning: config remains in ~/.config/dvm/vms/app (dvm rm app --yes --config removes it)\n',
  })
  assert.deepEqual(
    (await instances()).map(({ name, status }) => [name, status]),
    [[builder, 'Running']],
  )
  assert.deepEqual(publishedBase(), two)
})

test('Ctrl-C in a RUN line: exit 130, the work in the builder is gone, the base is as before', async () => {
  writeContainerfile(containerfile('three', endless))
  const running = await startEndless(build, { ownGroup: true })
  const busy = await remoteWork()
  assert.match(busy['sleeping'] ?? '', /sleep 86399/)
  running.kill('SIGINT')
  const { exitCode, stdout, stderr } = await running.result
  assert.deepEqual([exitCode, stdout], [130, ''], stderr)
  assert.match(stderr, /\n✖ Build your image \(…\)\ninterrupted\n$/)
  assert.deepEqual(await remoteWork(), idle)
  assert.deepEqual(publishedBase(), two)
})

test('kill -9 in a RUN line: base status tells the truth', async () => {
  const running = await startEndless(build)
  running.kill('SIGKILL')
  assert.equal((await running.result).signal, 'SIGKILL')
  const { building, current, changes, kept } = JSON.parse(
    (await dvm(['base', 'status', '--json'])).stdout,
  ) as {
    building: unknown
    current: Record<string, unknown>
    changes: string[]
    kept: Record<string, unknown>[]
  }
  assert.deepEqual([building, changes], [null, ['Containerfile']])
  assert.deepEqual(current, two.metadata)
  assert.deepEqual(
    kept.map(({ generation }) => generation),
    [one],
  )
  assert.deepEqual(publishedBase(), two)
})

test("what a killed build left in the builder does not outlive the next one; a failing RUN line is podman's and the Containerfile's", async () => {
  assert.match((await remoteWork())['sleeping'] ?? '', /sleep 86399/)
  const line = 'RUN echo "this goes $((1 + 0)) way" >&2; exit 33'
  writeContainerfile(containerfile('three', line))
  const failed = await dvm(build)
  assert.deepEqual([failed.exitCode, failed.stdout], [1, ''])
  const told = failed.stderr.split('\n')
  assert.deepEqual(told.slice(0, 6), [
    `changed since ${two.current.slice(0, 12)}: Containerfile`,
    '✔ Check this machine (…)',
    '✔ Prepare the builder (…)',
    '✔ Send the build context (…)',
    '✔ Build dvm-base (…)',
    '✖ Build your image (…)',
  ])
  assert.match(
    told[6] ?? '',
    new RegExp(`^dvm: \\S*/Containerfile:${firstExtraLine}: building at STEP "RUN echo .*exit status 33$`),
  )
  assert.ok(told.includes('  | this goes 1 way'), failed.stderr)
  assert.deepEqual(told.slice(-3), [
    '  try: correct that line and build again; the old base stays in use',
    '  log: ~/.local/state/dvm/base/build.log',
    '',
  ])
  assert.deepEqual(await remoteWork(), idle)
  assert.deepEqual(publishedBase(), two)
})

test('a stopped builder is started; an image that cannot boot is refused before a disk is made of it', async () => {
  await limactl('stop', builder)
  writeContainerfile(
    containerfile('three', 'RUN dpkg --purge --force-depends iproute2 && rm /usr/sbin/sshd /boot/vmlinuz-*'),
  )
  const refused = await dvm(build)
  assert.equal(refused.exitCode, 1, refused.stderr)
  const told = refused.stderr.split('\n')
  assert.deepEqual(told.slice(1, 8), [
    '✔ Check this machine (…)',
    '  the builder was stopped: starting it',
    '✔ Prepare the builder (…)',
    '✔ Send the build context (…)',
    '✔ Build dvm-base (…)',
    '✔ Build your image (…)',
    '✖ Check the image (…)',
  ])
  assert.deepEqual(told.slice(8), [
    'dvm: the image cannot become a VM',
    '  | missing: kernel: there is nothing to boot; keep the one of dvm-base (add linux-image-cloud-amd64/-arm64)',
    '  | missing: sshd: Lima reaches a VM over ssh only; add openssh-server',
    '  | missing: iproute2: cloud-init cannot configure the network; add iproute2',
    '  try: correct your Containerfile and build again; the old base stays in use',
    '  log: ~/.local/state/dvm/base/build.log',
    '',
  ])
  assert.deepEqual(publishedBase(), two)
})

test('fedora with a registry that cannot be reached: exit 8, and the Debian base stays', async (t) => {
  t.after(await pretendFedoraBuilder())
  // Nothing listens on this port of the host, so the answer is the same with and without a network.
  const nowhere = (name: string): string => `192.168.5.2:1/dvm/${name}@sha256:${'0'.repeat(64)}`
  const refused = await dvm(build, {
    env: {
      DVM_FLAVOUR: 'fedora',
      DVM_BOOTC_BASE: nowhere('fedora-bootc'),
      DVM_BISC_IMAGE: nowhere('disk-builder'),
    },
  })
  assert.equal(refused.exitCode, 8, refused.stderr)
  const told = refused.stderr.split('\n')
  assert.deepEqual(told.slice(0, 6), [
    `changed since ${two.current.slice(0, 12)}: Containerfile, flavour (debian → fedora), the bootc base, the disk builder, dvm's own plumbing`,
    '✔ Check this machine (…)',
    '✔ Prepare the builder (…)',
    '✔ Send the build context (…)',
    '✖ Build dvm-base (…)',
    'dvm: the network or the registry cannot be reached from the builder',
  ])
  assert.deepEqual(told.slice(-3), [
    '  try: check your connection and proxy, then build again; the old base stays in use',
    '  log: ~/.local/state/dvm/base/build.log',
    '',
  ])
  assert.match(refused.stderr, /^ {2}\| .*connection refused/m)
  assert.deepEqual(publishedBase(), two)
})

test('back to what was built before: it is current again, without limactl', async () => {
  writeBaseDirectory('one')
  const { env, wasCalled } = forbiddenLima()
  const back = await runDvm(build, { env })
  assert.deepEqual([back.exitCode, back.stderr], [0, ''])
  assert.match(
    back.stdout,
    new RegExp(
      `^base ${one.slice(0, 12)} \\(debian, [\\d.]+ MiB\\) was built before from the same inputs: it is current again\\n$`,
    ),
  )
  assert.equal(wasCalled(), false)
  assert.equal(publishedBase().current, one)
  assert.deepEqual(publishedBase().files, filesOf(one, two.current))
})
