// Facts of a machine on which nothing is wrong: Debian, x86_64, KVM. A test says what is different on its own.
import { gib } from '../../src/core/sizes.ts'
import type { HostFacts, QemuFacts } from '../../src/ports/host-facts.ts'

export const healthyQemu: QemuFacts = {
  program: 'qemu-system-x86_64',
  variable: 'QEMU_SYSTEM_X86_64',
  kvm: 'usable',
  emulated: false,
  device: { group: 'kvm', groupMayOpen: true, isListed: true },
}

const versions: Readonly<Record<string, string>> = {
  bash: 'GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)',
  ssh: 'OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.15',
  'qemu-system-x86_64': 'QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)',
  'qemu-img': 'qemu-img version 10.0.2 (Debian 1:10.0.2+ds-2)',
}

/** What is at a path is looked up, so that a test's own files count, but what the system brings is there. */
export const healthyFacts = (real: HostFacts): HostFacts => ({
  ...real,
  node: '24.21.0',
  account: { uid: 1000, name: 'dev', hasName: true },
  isRoot: false,
  memory: 16 * gib,
  system: () => Promise.resolve({ platform: 'linux', arch: 'x64', osRelease: 'ID=debian\n' }),
  locate: (program) => Promise.resolve(`/usr/bin/${program}`),
  tool: (program) =>
    Promise.resolve({ path: `/usr/bin/${program}`, state: 'runs', says: versions[program] ?? '' }),
  qemuProgram: () => healthyQemu.program,
  qemu: () => Promise.resolve(healthyQemu),
  space: (path) =>
    Promise.resolve({ at: path, isDirectory: true, mayWrite: true, free: 100 * gib, device: 1 }),
  kind: (path) => (path.startsWith('/usr/') ? Promise.resolve('file') : real.kind(path)),
})
