// A VM's configuration: defaults, and the check of what its files said. All problems are reported at once.
import { isName } from './names.ts'
import { Problems, show } from './decode.ts'
import type { RawValues } from './raw-values.ts'

export interface PortForward {
  readonly host: number
  readonly guest: number
}

/** `host:guest` */
export const portText = ({ host, guest }: PortForward): string => `${host}:${guest}`

export interface VmConfig {
  readonly cpus: number
  /** GiB */
  readonly memory: number
  /** GiB, thin */
  readonly disk: number
  readonly user: string
  /** 0 = none */
  readonly subuidCount: number
  readonly subgidCount: number
  readonly ports: readonly PortForward[]
  /** Lima's vmType; undefined = Lima's own choice. */
  readonly vmType: string | undefined
  /** Image of projects that name none; undefined = what the base directory's dev-base decides. */
  readonly devBase: string | undefined
  /** The host's ssh agent may be used from inside. */
  readonly forwardAgent: boolean
}

export interface VmDefaults {
  readonly hostCores: number
  /** DVM_VM_TYPE of the environment; a file overrides it. */
  readonly vmType: string | undefined
}

export const vmVariables = [
  'DVM_CPUS',
  'DVM_MEMORY',
  'DVM_DISK',
  'DVM_USER',
  'DVM_SUBUID_COUNT',
  'DVM_SUBGID_COUNT',
  'DVM_PORTS',
  'DVM_VM_TYPE',
  'DVM_DEV_BASE',
  'DVM_FORWARD_AGENT',
] as const

const fallback = { memory: 2, disk: 30, user: 'developer', subids: 65536 }

/** Leaves the host one core, or two when it has more than four; a VM gets at least two. */
export const defaultCpus = (hostCores: number): number =>
  Math.max(2, hostCores <= 4 ? hostCores - 1 : hostCores - 2)

/** What the variables are before the first file, so that a file can build on them: `DVM_MEMORY=$((DVM_MEMORY * 2))`. */
export const defaultVariables = (defaults: VmDefaults): Readonly<Record<string, string>> => ({
  DVM_CPUS: String(defaultCpus(defaults.hostCores)),
  DVM_MEMORY: String(fallback.memory),
  DVM_DISK: String(fallback.disk),
  DVM_USER: fallback.user,
  DVM_SUBUID_COUNT: String(fallback.subids),
  DVM_SUBGID_COUNT: String(fallback.subids),
  ...(defaults.vmType === undefined ? {} : { DVM_VM_TYPE: defaults.vmType }),
})

/** Which file is whose. */
export interface ConfigFiles {
  readonly shared: string
  /** The VM's own, or how it is called where none is meant. */
  readonly own: string
}

/** What is opened to one VM is not opened to all by a file that all of them read. */
const checkOwn = (raw: RawValues, problems: Problems, name: string, files: ConfigFiles | undefined): void => {
  if (raw[name]?.file === files?.shared && !['', '0'].includes(problems.text(name) ?? ''))
    problems.add(name, `is for one VM: set it in ${files?.own}, and not for all`)
}

/**
 * Checks what the files said. An empty value is the default, as for bash's `${X:-…}`.
 * @throws DvmError `config` with every problem, each with its variable and file.
 */
export const parseVmConfig = (raw: RawValues, defaults: VmDefaults, files?: ConfigFiles): VmConfig => {
  const problems = new Problems(raw)
  const number = (name: string, pattern: RegExp, rule: string, otherwise: number, most: number): number => {
    const text = problems.text(name)
    if (text === undefined) return otherwise
    if (pattern.test(text) && Number(text) <= most) return Number(text)
    problems.add(name, `must be ${rule}, not ${show(text)}`)
    return otherwise
  }
  const gib = (name: string, otherwise: number): number =>
    number(name, /^(?=.*[1-9])\d+(\.\d+)?$/, 'a number of GiB above 0, without a unit', otherwise, 1_000_000)
  const ids = (name: string): number =>
    number(name, /^\d+$/, 'a whole number, 0 for none', fallback.subids, 0xffff_ffff)

  const user = problems.text('DVM_USER') ?? fallback.user
  if (!isName(user))
    problems.add(
      'DVM_USER',
      `must be small letters, digits and "-", starting with a letter, not ${show(user)}`,
    )
  const vmType = problems.text('DVM_VM_TYPE') ?? (defaults.vmType === '' ? undefined : defaults.vmType)
  if (vmType !== undefined && !isName(vmType))
    problems.add('DVM_VM_TYPE', `must be a VM type of Lima, for example vz or qemu, not ${show(vmType)}`)
  const devBase = problems.text('DVM_DEV_BASE')
  if (devBase !== undefined && !/^[a-zA-Z0-9][\w.:/@-]*$/.test(devBase))
    problems.add('DVM_DEV_BASE', `must be an image reference, not ${show(devBase)}`)

  checkOwn(raw, problems, 'DVM_FORWARD_AGENT', files)
  const forwardAgent = problems.text('DVM_FORWARD_AGENT') ?? '0'
  if (!['0', '1'].includes(forwardAgent))
    problems.add('DVM_FORWARD_AGENT', `must be 1 or 0, not ${show(forwardAgent)}`)

  const config: VmConfig = {
    cpus: number('DVM_CPUS', /^0*[1-9]\d*$/, 'a whole number above 0', defaultCpus(defaults.hostCores), 1024),
    memory: gib('DVM_MEMORY', fallback.memory),
    disk: gib('DVM_DISK', fallback.disk),
    user,
    subuidCount: ids('DVM_SUBUID_COUNT'),
    subgidCount: ids('DVM_SUBGID_COUNT'),
    ports: parsePorts('DVM_PORTS', problems),
    vmType,
    devBase,
    forwardAgent: forwardAgent === '1',
  }
  problems.throwIfAny()
  return config
}

/** `host:guest` pairs from an array, or from one text with blanks between them. */
export const parsePorts = (name: string, problems: Problems): readonly PortForward[] => {
  const byHost = new Map<number, PortForward>()
  for (const text of problems.list(name)) {
    const pair = /^(\d{1,9}):(\d{1,9})$/.exec(text)
    const forward = { host: Number(pair?.[1]), guest: Number(pair?.[2]) }
    const isPort = (port: number): boolean => port >= 1 && port <= 65_535
    const other = byHost.get(forward.host)
    if (!isPort(forward.host) || !isPort(forward.guest))
      problems.add(name, `must hold HOST:GUEST, both from 1 to 65535, not ${show(text)}`)
    else if (other !== undefined && other.guest !== forward.guest)
      problems.add(
        name,
        `gives host port ${forward.host} to two guest ports, ${other.guest} and ${forward.guest}`,
      )
    else byHost.set(forward.host, forward)
  }
  return [...byHost.values()]
}
