// Which command installs a missing part on which system.

export interface System {
  /** As Node names them: `linux`, `darwin`; `x64`, `arm64`. */
  readonly platform: string
  readonly arch: string
  /** The text of /etc/os-release; empty where there is none. */
  readonly osRelease: string
}

export type Part = 'bash' | 'ssh' | 'qemu' | 'qemu-img' | 'firmware'

type Family = 'debian' | 'fedora' | 'arch'

const commands: Readonly<Record<Family, string>> = {
  debian: 'sudo apt-get install',
  fedora: 'sudo dnf install',
  arch: 'sudo pacman -S',
}

/** By family, what a part is called there: one name, or one for x86_64 and one for aarch64. */
const packages: Readonly<Record<Family, Readonly<Record<Part, string | readonly [string, string]>>>> = {
  debian: {
    bash: 'bash',
    ssh: 'openssh-client',
    qemu: ['qemu-system-x86', 'qemu-system-arm'],
    'qemu-img': 'qemu-utils',
    firmware: ['ovmf', 'qemu-efi-aarch64'],
  },
  fedora: {
    bash: 'bash',
    ssh: 'openssh-clients',
    qemu: ['qemu-system-x86', 'qemu-system-aarch64'],
    'qemu-img': 'qemu-img',
    firmware: ['edk2-ovmf', 'edk2-aarch64'],
  },
  arch: {
    bash: 'bash',
    ssh: 'openssh',
    qemu: ['qemu-system-x86', 'qemu-system-aarch64'],
    'qemu-img': 'qemu-img',
    firmware: ['edk2-ovmf', 'edk2-aarch64'],
  },
}

const brewed: Readonly<Record<Part, string>> = {
  bash: 'brew install bash',
  ssh: 'brew install openssh',
  qemu: 'brew install qemu',
  'qemu-img': 'brew install qemu',
  firmware: 'brew reinstall qemu',
}

/** Undefined where dvm knows no names: RHEL and its like say that they resemble Fedora, but have another QEMU. */
const familyOf = (osRelease: string): Family | undefined => {
  const words = [...osRelease.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)]
    .flatMap(([, value = '']) => value.replaceAll(/["']/g, '').split(/\s+/))
    .filter((word) => word !== '')
  if (words.includes('rhel')) return undefined
  return (['debian', 'fedora', 'arch'] as const).find((family) => words.includes(family))
}

const nameIn = (family: Family, part: Part, arch: string): string => {
  const name = packages[family][part]
  return typeof name === 'string' ? name : name[arch === 'arm64' ? 1 : 0]
}

/** What to type to get a part. */
export const installHint = (system: System, part: Part): string => {
  if (system.platform === 'darwin') return brewed[part]
  const family = familyOf(system.osRelease)
  if (family !== undefined) return `${commands[family]} ${nameIn(family, part, system.arch)}`
  const names = (['debian', 'fedora'] as const).map(
    (each) => `${each === 'debian' ? 'Debian' : 'Fedora'}: ${nameIn(each, part, system.arch)}`,
  )
  return `install it with your package manager (${names.join(', ')})`
}
