// `dvm doctor` on machines that lack something: which line says so, and what it says to do.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../../src/core/errors.ts'
import type { Finding } from '../../../src/core/finding.ts'
import { gib } from '../../../src/core/sizes.ts'
import type { HostFacts } from '../../../src/ports/host-facts.ts'
import type { Lima } from '../../../src/ports/lima/index.ts'
import { examine } from '../../../src/tasks/doctor/index.ts'
import { healthyQemu } from '../../support/healthy-facts.ts'
import { memoryWorld, type World } from '../../support/memory-world.ts'

interface Machine {
  readonly variables?: Readonly<Record<string, string>>
  readonly facts?: Partial<HostFacts>
  readonly lima?: Partial<Lima>
}

const worldOf = (t: TestContext, { variables, facts, lima }: Machine): World =>
  memoryWorld(t, { DVM_BOOTC_BASE: 'bootstrap:trixie', ...variables }, (deps) => ({
    lima: { ...deps.lima, ...lima },
    facts: async () => ({ ...(await deps.facts()), ...facts }),
  }))

/** What is said about one thing on such a machine. */
const said = async (t: TestContext, name: string, machine: Machine): Promise<Finding[]> =>
  (await examine(worldOf(t, machine).deps)).filter((finding) => finding.name === name)

const missing = (program: string): Partial<HostFacts> => ({
  tool: (name) =>
    Promise.resolve(
      name === program ? undefined : { path: `/usr/bin/${name}`, state: 'runs', says: 'version 99.0.0' },
    ),
})
const old = (program: string, says: string): Partial<HostFacts> => ({
  tool: (name) =>
    Promise.resolve({ path: `/usr/bin/${name}`, state: 'runs', says: name === program ? says : '99.0.0' }),
})
const install = 'install Lima 2.1 or later'

const lacking: readonly [string, string, Machine, Omit<Finding, 'name'>][] = [
  [
    'root',
    'user',
    { facts: { isRoot: true } },
    {
      state: 'problem',
      found: 'this is root, and Lima refuses root',
      fix: 'run dvm as an ordinary user',
    },
  ],
  [
    'an account without a name',
    'user',
    { facts: { account: { uid: 4321, name: '4321', hasName: false } } },
    {
      state: 'problem',
      found: '4321 is a number without a name, and Lima needs the name',
      fix: 'run dvm as a user of this machine, or make this one: sudo useradd --uid 4321 NAME',
    },
  ],
  [
    'an old Node',
    'node',
    { facts: { node: '22.12.0' } },
    {
      state: 'problem',
      found: '22.12.0 is too old',
      fix: 'install Node 24 or later: https://nodejs.org/en/download',
    },
  ],
  [
    'no bash',
    'bash',
    { facts: missing('bash') },
    { state: 'problem', found: 'bash is not installed', fix: 'sudo apt-get install bash' },
  ],
  [
    'no ssh',
    'ssh',
    { facts: missing('ssh') },
    { state: 'problem', found: 'ssh is not installed', fix: 'sudo apt-get install openssh-client' },
  ],
  [
    'no ssh-keygen',
    'ssh',
    { facts: { locate: (name) => Promise.resolve(name === 'ssh-keygen' ? undefined : `/bin/${name}`) } },
    { state: 'problem', found: 'ssh-keygen is not installed', fix: 'sudo apt-get install openssh-client' },
  ],
  [
    'no limactl',
    'lima',
    {
      lima: {
        version: () => Promise.reject(new DvmError('tool', 'limactl is not installed', { hint: install })),
      },
    },
    { state: 'problem', found: 'limactl is not installed', fix: install },
  ],
  [
    'a limactl elsewhere',
    'lima',
    { variables: { DVM_LIMACTL: '/opt/limactl' }, facts: { locate: () => Promise.resolve(undefined) } },
    {
      state: 'problem',
      found: 'DVM_LIMACTL names /opt/limactl, which cannot be run',
      fix: 'unset DVM_LIMACTL',
    },
  ],
  [
    'a limactl without a version',
    'lima',
    { lima: { version: () => Promise.resolve('unknown') } },
    {
      state: 'warning',
      found: '/usr/bin/limactl does not know its own version',
      fix: 'install a release, 2.1 or later',
    },
  ],
  [
    'a limactl that refuses root',
    'lima',
    {
      facts: { isRoot: true },
      lima: { version: () => Promise.reject(new DvmError('refused', 'Lima refuses to run as root')) },
    },
    {
      state: 'warning',
      found: '/usr/bin/limactl tells root nothing',
      fix: 'run dvm doctor as an ordinary user',
    },
  ],
  [
    'no QEMU',
    'qemu',
    { facts: missing('qemu-system-x86_64') },
    {
      state: 'problem',
      found: 'qemu-system-x86_64 is not installed',
      fix: 'sudo apt-get install qemu-system-x86',
    },
  ],
  [
    'a QEMU elsewhere',
    'qemu',
    {
      variables: { QEMU_SYSTEM_X86_64: '/opt/qemu -accel kvm' },
      facts: {
        ...missing('/opt/qemu'),
        qemu: () => Promise.resolve({ ...healthyQemu, program: '/opt/qemu', kvm: 'not-asked' }),
      },
    },
    {
      state: 'problem',
      found: 'QEMU_SYSTEM_X86_64 names /opt/qemu, which cannot be run',
      fix: 'unset QEMU_SYSTEM_X86_64',
    },
  ],
  [
    'an old QEMU that emulates',
    'qemu',
    {
      facts: {
        ...old('qemu-system-x86_64', 'QEMU emulator version 7.2.15'),
        qemu: () => Promise.resolve({ ...healthyQemu, kvm: 'closed', emulated: true }),
      },
    },
    {
      state: 'problem',
      found: '7.2.15 (/usr/bin/qemu-system-x86_64) is too old to emulate: guests panic',
      fix: 'sudo apt-get install qemu-system-x86 (8 or later; Debian 12 has it in bookworm-backports)',
    },
  ],
  [
    'no qemu-img',
    'qemu-img',
    { facts: missing('qemu-img') },
    { state: 'problem', found: 'qemu-img is not installed', fix: 'sudo apt-get install qemu-utils' },
  ],
  [
    'no firmware',
    'uefi',
    { facts: { kind: () => Promise.resolve('missing') } },
    {
      state: 'problem',
      found: 'no UEFI firmware where Lima looks for it',
      fix: 'sudo apt-get install ovmf',
    },
  ],
  [
    'KVM that is closed',
    'kvm',
    {
      facts: {
        qemu: () =>
          Promise.resolve({
            ...healthyQemu,
            kvm: 'closed',
            emulated: true,
            device: { group: 'kvm', groupMayOpen: true, isListed: false },
          }),
      },
    },
    {
      state: 'warning',
      found: 'this user may not open /dev/kvm: VMs are emulated, many times slower',
      fix: 'sudo usermod -aG kvm "$USER", then log in again',
    },
  ],
  [
    'vz where there is none',
    'vz',
    { variables: { DVM_VM_TYPE: 'vz' } },
    { state: 'problem', found: 'DVM_VM_TYPE=vz, which only macOS has', fix: 'unset DVM_VM_TYPE' },
  ],
  [
    'little memory',
    'memory',
    { facts: { memory: 2 * gib } },
    {
      state: 'warning',
      found: '2 GiB in all: the builder alone asks for 4 GiB',
      fix: 'DVM_BUILDER_MEMORY=2 dvm base build --clean, and DVM_MEMORY=1 in config.sh; or more memory',
    },
  ],
  [
    'a proxy without http',
    'proxy',
    { variables: { HTTPS_PROXY: 'me:s3cret@proxy:3128' } },
    {
      state: 'problem',
      found: 'HTTPS_PROXY is not the address of a proxy',
      fix: 'export HTTPS_PROXY=http://HOST:PORT',
    },
  ],
  [
    'a CA file that is not there',
    'SSL_CERT_FILE',
    { variables: { SSL_CERT_FILE: '/nowhere/ca.pem' } },
    {
      state: 'problem',
      found: '/nowhere/ca.pem is not there',
      fix: 'unset SSL_CERT_FILE, or name a PEM file that you may read',
    },
  ],
]
for (const [what, name, machine, expected] of lacking)
  test(`${what}: ${expected.state}`, async (t) =>
    assert.deepEqual(await said(t, name, machine), [{ name, ...expected }]))

test('where nothing lacks, every line is ok but for the base that is not built yet', async (t) => {
  const findings = await examine(worldOf(t, {}).deps)
  assert.equal(
    findings.map(({ name, state }) => (state === 'ok' ? name : `${state} ${name}`)).join(', '),
    'user, node, bash, ssh, lima, qemu, kvm, qemu-img, uefi, ' +
      'space for bases, space for VMs, space for logs, memory, ' +
      'configuration, config.sh, socket paths, ' +
      'flavour, base directory, warning base, builder, proxy, certificates',
  )
  for (const { state, fix } of findings) assert.equal(fix === undefined, state === 'ok')
})

test('space: too little, and a place on another file system', async (t) => {
  const free: Readonly<Record<string, number>> = { cache: gib, '.lima': 10 * gib }
  const space: HostFacts['space'] = (path) => {
    const bytes = Object.entries(free).find(([part]) => path.includes(part))?.[1] ?? 100 * gib
    return Promise.resolve({ at: path, isDirectory: true, mayWrite: true, free: bytes, device: bytes })
  }
  const world = worldOf(t, { facts: { space } })
  const found = (await examine(world.deps)).filter(({ name }) => name.startsWith('space'))
  assert.deepEqual(
    found.map(({ state, found }) => `${state} ${found.replaceAll(world.home, '~')}`),
    [
      'problem 1 GiB free at ~/.cache/dvm',
      'warning 10 GiB free at ~/.lima, another file system than the bases',
      'ok 100 GiB free at ~/.local/state/dvm',
    ],
  )
  assert.match(found[1]?.fix ?? '', /dvm rm VM --yes.*LIMA_HOME/)
})

test('names that do not fit into Lima’s folder', async (t) => {
  const home = `/${'l'.repeat(65)}`
  const world = worldOf(t, { variables: { LIMA_HOME: home } })
  for (const vm of ['app', 'a-name-that-is-long', 'ends-']) world.write(`.config/dvm/vms/${vm}/config.sh`, '')
  const found = (await examine(world.deps)).filter(({ name }) => /socket|names/.test(name))
  assert.deepEqual(
    found.map(({ state, found }) => `${state} ${found}`),
    [
      `problem dvm-a-name-that-is-long: 116 bytes below ${home}, at most 107`,
      'problem Lima will not take dvm-ends-: no "-" at the end, no two in a row, at most 76 letters',
    ],
  )
})

const mac: Partial<HostFacts> = {
  system: () => Promise.resolve({ platform: 'darwin', arch: 'arm64', osRelease: '' }),
  qemu: () => Promise.resolve({ ...healthyQemu, program: 'qemu-system-aarch64', kvm: 'not-asked' }),
  tool: (name) =>
    Promise.resolve(
      name.startsWith('qemu') ? undefined : { path: `/usr/bin/${name}`, state: 'runs', says: '14.5' },
    ),
}
test('macOS: its own virtualisation, and nothing about QEMU unless that is asked for', async (t) => {
  const about = async (machine: Machine): Promise<string[]> =>
    (await examine(worldOf(t, machine).deps))
      .filter(({ name }) => /^(vz|qemu|qemu-img|uefi|kvm)$/.test(name))
      .map(({ name, state }) => `${state} ${name}`)
  assert.deepEqual(await about({ facts: mac }), ['ok vz'])
  assert.deepEqual(await about({ facts: mac, variables: { DVM_VM_TYPE: 'qemu' } }), [
    'ok vz',
    'problem qemu',
    'problem qemu-img',
    'ok uefi',
  ])
})
