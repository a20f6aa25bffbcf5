// `dvm doctor` as a process: exit code, stdout and stderr, on fakes of every tool and a registry on this machine.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { Finding } from '../../src/core/finding.ts'
import type { Script } from '../fakes/state.ts'
import { dvmOnFake, type DvmOnFake } from '../support/dvm-on-fake.ts'
import { fakesBin } from '../support/fake-lima.ts'
import { indexOf, startRegistry } from '../support/registry.ts'

const qemu = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
const image = indexOf()

/** What this machine decides: who runs the test, how much room and memory there is, and on a Mac its own virtualisation. */
const ofThisMachine = /^(user|node|memory|vz|space for .*)$/
/** Lines of stdout with what is below them, by name. */
const parse = (stdout: string): Map<string, string> =>
  new Map(
    stdout
      .split(/\n(?! )/)
      .filter((block) => block !== '')
      .map((block) => [
        /^\w+ +(.*?)(?: {2}|$)/.exec(block)?.[1] ?? '',
        block.replace(/^(\w+) +(.*?) {2,}/, '$1 $2: '),
      ]),
  )
const without = (all: Map<string, string>, names: RegExp): string[] =>
  [...all].filter(([name]) => !names.test(name)).map(([, block]) => block)

interface Setup extends DvmOnFake, AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
  /** Runs it and holds exit code and stderr to what stdout says; resolves to the lines that are the same everywhere. */
  readonly doctor: (env?: Readonly<Record<string, string>>) => Promise<string[]>
  /** Those that are not ok. */
  readonly wrong: (env?: Readonly<Record<string, string>>) => Promise<string[]>
}

const setUp = async (t: TestContext, script: Script = {}): Promise<Setup> => {
  const on = dvmOnFake(t, script)
  const registry = await startRegistry()
  registry.tag('library/debian', 'trixie', image)
  const tool = (name: string, text: string): void =>
    chmodSync(on.write(`bin/${name}`, `#!/bin/sh\n${text}\n`), 0o755)
  const says = (name: string, version: string, rest = ''): void =>
    tool(name, `case $1 in --version|-V) echo '${version}' ;; *) ${rest === '' ? 'exit 64' : rest} ;; esac`)
  says('bash', 'GNU bash, version 5.2.15(1)-release', 'exec /bin/bash "$@"')
  says('ssh', 'OpenSSH_9.2p1, OpenSSL 3.0.15')
  says('ssh-keygen', '')
  says(`qemu-system-${qemu}`, 'QEMU emulator version 10.0.2')
  says('qemu-img', 'qemu-img version 10.0.2')
  on.write(`.local/share/qemu/edk2-${qemu}-code.fd`, '')
  const env = {
    PATH: `${on.home}/bin:${fakesBin}:${dirname(process.execPath)}`,
    DVM_FLAVOUR: 'debian',
    DVM_VM_TYPE: 'qemu',
    DVM_BOOTC_BASE: `${registry.host}/library/debian@${image.digest}`,
  }
  const doctor: Setup['doctor'] = async (more = {}) => {
    const { exitCode, stdout, stderr } = await on.run(['doctor'], { env: { ...env, ...more } })
    const all = parse(stdout.replaceAll(registry.host, 'REGISTRY').replaceAll(on.home, '/HOME'))
    const count = (state: string): number =>
      [...all.values()].filter((block) => block.startsWith(state)).length
    const counted = (state: string): string => `${count(state)} ${state}${count(state) === 1 ? '' : 's'}`
    assert.equal(stderr, `${counted('problem')}, ${counted('warning')}\n`)
    assert.equal(exitCode, count('problem') === 0 ? 0 : 4)
    for (const name of ['user', 'node', 'memory', 'space for bases', 'space for VMs', 'space for logs'])
      assert.ok(all.has(name), name)
    return without(all, ofThisMachine)
  }
  return {
    ...on,
    env,
    doctor,
    wrong: async (more) => (await doctor(more)).filter((block) => !block.startsWith('ok')),
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  }
}

const noBase =
  "warning base: none: VMs boot from Lima's template:fedora\n  try: dvm base init, then: dvm base build"
const atHome = `.local/share/qemu/edk2-${qemu}-code.fd`
const limactl = join(fakesBin, 'limactl')

test('a machine on which all is well but for the base that is not built yet', async (t) => {
  await using setup = await setUp(t)
  const kvm =
    process.platform === 'linux'
      ? [`ok kvm: not tried, because QEMU_SYSTEM_${qemu.toUpperCase()} is set`]
      : []
  assert.deepEqual(await setup.doctor(), [
    'ok bash: 5.2.15 (~/bin/bash)',
    'ok ssh: 9.2p1 (~/bin/ssh)',
    `ok lima: 2.2.0 (${limactl})`,
    `ok qemu: 10.0.2 (~/bin/qemu-system-${qemu})`,
    ...kvm,
    'ok qemu-img: 10.0.2 (~/bin/qemu-img)',
    `ok uefi: ~/${atHome}`,
    'ok configuration: none yet at ~/.config/dvm (dvm new VM begins it)',
    'ok config.sh: none, so the defaults',
    `ok socket paths: ${setup.home.length + '/.lima/dvm-builder/ssh.sock.1234567890123456'.length} of at most ${process.platform === 'linux' ? 107 : 103} bytes below ~/.lima`,
    'ok flavour: debian (DVM_FLAVOUR)',
    'ok base directory: none yet at ~/.config/dvm/base (dvm base init begins it)',
    noBase,
    'ok builder: none yet (the first build makes it)',
    'ok proxy: none',
    "ok certificates: the system's and Node's own",
    `ok bootc-base image: REGISTRY serves library/debian@${image.digest.slice(0, 19)}`,
  ])
  assert.deepEqual(new Set(setup.fake.calls()), new Set(['--version', 'list --format TEMPLATE']))
})

test('--json is one array with the same findings, and the same exit code', async (t) => {
  await using setup = await setUp(t)
  const { exitCode, stdout, stderr } = await setup.run(['doctor', '--json'], { env: setup.env })
  const findings = JSON.parse(stdout) as Finding[]
  const problems = findings.filter(({ state }) => state === 'problem')
  assert.deepEqual([exitCode, stderr], [problems.length === 0 ? 0 : 4, ''])
  assert.deepEqual(
    problems.map(({ name }) => name),
    process.getuid?.() === 0 ? ['user'] : [],
  )
  for (const { name, state, found, fix, ...rest } of findings) {
    assert.deepEqual(
      [typeof name, typeof found, typeof fix],
      ['string', 'string', state === 'ok' ? 'undefined' : 'string'],
    )
    assert.deepEqual(rest, {})
  }
  assert.deepEqual(
    findings.find(({ name }) => name === 'base'),
    {
      name: 'base',
      state: 'warning',
      found: "none: VMs boot from Lima's template:fedora",
      fix: 'dvm base init, then: dvm base build',
    },
  )
})

const install = 'install Lima 2.1 or later: brew install lima, or https://lima-vm.io/docs/installation/'

test('no limactl', async (t) => {
  await using setup = await setUp(t)
  assert.deepEqual(await setup.wrong({ PATH: `${setup.home}/bin:${dirname(process.execPath)}` }), [
    `problem lima: limactl is not installed\n  try: ${install}`,
    noBase,
    'warning builder: not known without limactl\n  try: install Lima first',
  ])
})

test('an old limactl', async (t) => {
  await using setup = await setUp(t, { version: '2.0.3' })
  assert.deepEqual(await setup.wrong(), [
    'problem lima: Lima 2.0.3 is too old\n  try: install Lima 2.1.0 or later: brew upgrade lima, or https://lima-vm.io/docs/installation/',
    noBase,
  ])
})

test('a limactl that does not know its version, and a builder that is broken', async (t) => {
  await using setup = await setUp(t, { version: '<unknown>' })
  setup.fake.add({ name: 'dvm-builder', status: 'Broken' })
  assert.deepEqual(await setup.wrong(), [
    `warning lima: ${limactl} does not know its own version\n  try: install a release, 2.1 or later`,
    noBase,
    'warning builder: dvm-builder is Broken\n  try: dvm base build repairs it, or makes a new one',
  ])
})

test('root, to whom limactl says nothing', async (t) => {
  await using setup = await setUp(t, { root: true })
  const isRoot = process.getuid?.() === 0
  assert.deepEqual(await setup.wrong(), [
    isRoot
      ? `warning lima: ${limactl} tells root nothing\n  try: run dvm doctor as an ordinary user`
      : 'problem lima: Lima refuses to run as root\n  try: run dvm as an ordinary user',
    noBase,
    'warning builder: Lima refuses to run as root\n  try: run dvm as an ordinary user',
  ])
})

test('configuration that others may write, and one that prints', async (t) => {
  await using setup = await setUp(t)
  const file = setup.write('.config/dvm/vms/app/config.sh', '')
  const noisy = setup.write('.config/dvm/vms/web/config.sh', 'echo "$TOKEN s3cret" >&2\n')
  chmodSync(file, 0o620)
  assert.deepEqual(await setup.wrong(), [
    `problem VM app: ~/.config/dvm/vms/app/config.sh: other users can write to it\n  try: chmod go-w '${file.replace(setup.home, '/HOME')}'`,
    `warning VM web: ~/.config/dvm/vms/web/config.sh writes to stderr each time that it is read\n  try: see what it says: bash '${noisy.replace(setup.home, '/HOME')}'`,
    noBase,
  ])
})

test('hostile names in the configuration directory stay on their line', async (t) => {
  await using setup = await setUp(t)
  for (const name of ['x\nok y', '\u001B[2J', '$(touch bad)'])
    mkdirSync(join(setup.home, '.config/dvm/vms', name), { recursive: true, mode: 0o700 })
  for (const folder of ['.config', '.config/dvm', '.config/dvm/vms'])
    chmodSync(join(setup.home, folder), 0o700)
  const fix = '\n  try: rename it, or move it away'
  assert.deepEqual(await setup.wrong(), [
    String.raw`warning VM "\u001b[2J": not a VM name: dvm leaves it alone` + fix,
    `warning VM "$(touch bad)": not a VM name: dvm leaves it alone${fix}`,
    String.raw`warning VM "x\nok y": not a VM name: dvm leaves it alone` + fix,
    noBase,
  ])
})

test('a CA file that cannot be read, and a proxy whose login nobody sees', async (t) => {
  await using setup = await setUp(t)
  const env = { SSL_CERT_FILE: '/nowhere/ca.pem', HTTPS_PROXY: 'http://me:s3cret@127.0.0.1:9' }
  const lines = await setup.doctor(env)
  assert.deepEqual(
    lines.filter((line) => !line.startsWith('ok')),
    [
      noBase,
      'problem SSL_CERT_FILE: /nowhere/ca.pem is not there\n  try: unset SSL_CERT_FILE, or name a PEM file that you may read',
    ],
  )
  assert.ok(lines.includes('ok proxy: HTTPS_PROXY=http://127.0.0.1:9 (with a login)'))
  const wrong = await setup.wrong({ HTTPS_PROXY: 'me:s3cret@127.0.0.1:9' })
  assert.doesNotMatch([...lines, ...wrong].join(), /s3cret/)
  assert.deepEqual(wrong.slice(1), [
    'problem proxy: HTTPS_PROXY is not the address of a proxy\n  try: export HTTPS_PROXY=http://HOST:PORT',
    'problem bootc-base image: HTTPS_PROXY is not the address of a proxy\n  try: export HTTPS_PROXY=http://HOST:PORT',
  ])
})
