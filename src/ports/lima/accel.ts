// Can this host accelerate VMs? Linux only: KVM that is missing, closed to the user or broken means emulation, and Lima has
// to be told, because it uses /dev/kvm whenever that file exists. A pure decision, and the thin probe that feeds it.
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { isErrno } from '../../core/errors.ts'
import { readTextIfThere, writeFileAtomic } from '../../system/files.ts'
import type { Exec } from '../../system/exec.ts'
import type { Command } from '../../core/command.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** `unknown`: there is no QEMU to ask; Lima will say so itself. */
export type Kvm = 'usable' | 'missing' | 'closed' | 'broken' | 'unknown'

export interface Acceleration {
  readonly emulated: boolean
  /** For limactl's environment. */
  readonly variables: Readonly<Record<string, string>>
  /** What to tell the user, once a run. */
  readonly warning: string | undefined
}

export interface Host {
  readonly platform: string
  /** As Node names it: `x64`, `arm64`. */
  readonly arch: string
}

const machines: Readonly<Record<string, { readonly qemu: string; readonly machine: string }>> = {
  x64: { qemu: 'qemu-system-x86_64', machine: 'q35,vmport=off' },
  arm64: { qemu: 'qemu-system-aarch64', machine: 'virt' },
}

const variableOf = (qemu: string): string => qemu.replaceAll('-', '_').toUpperCase()

const hardware: Acceleration = { emulated: false, variables: {}, warning: undefined }

const reasons = {
  missing: 'there is no /dev/kvm',
  closed: 'this user may not open /dev/kvm (sudo usermod -aG kvm "$USER", then log in again)',
  broken: 'KVM does not work on this machine',
} as const satisfies Partial<Record<Kvm, string>>

/** The QEMU that Lima runs here, and the variable that names another one; undefined where dvm knows none. */
export const qemuOf = (
  host: Host,
  variables: Variables,
): { readonly program: string; readonly variable: string; readonly isSet: boolean } | undefined => {
  const machine = machines[host.arch]
  if (machine === undefined) return undefined
  const variable = variableOf(machine.qemu)
  // Lima takes the first word for the program and the others for arguments.
  const word = /\S+/.exec(variables[variable] ?? '')?.[0]
  return { program: word ?? machine.qemu, variable, isSet: word !== undefined }
}

/** True when it makes sense to look at KVM at all. */
export const dependsOnKvm = (host: Host, variables: Variables): boolean =>
  host.platform === 'linux' && qemuOf(host, variables)?.isSet === false

/** What limactl needs in its environment, from what is known of KVM. */
export const decideAcceleration = (host: Host, variables: Variables, kvm: Kvm): Acceleration => {
  const machine = machines[host.arch]
  if (host.platform !== 'linux' || machine === undefined) return hardware
  const variable = variableOf(machine.qemu)
  const set = variables[variable] ?? ''
  if (set !== '') return { ...hardware, emulated: /\btcg\b/.test(set) }
  if (kvm === 'usable' || kvm === 'unknown') return hardware
  return {
    emulated: true,
    variables: {
      [variable]: `${machine.qemu} -machine ${machine.machine} -accel tcg,thread=multi,tb-size=512 -cpu max`,
    },
    warning: `VMs are emulated and many times slower: ${reasons[kvm]}`,
  }
}

/**
 * Makes a machine with one CPU under KVM, as Lima would, and quits before it runs. `-cpu host` matters: it is what Lima
 * passes, and where a KVM that only half works fails (seen: "failed to set MSR", exit 134; without it the probe passes).
 */
export const probeCommand = (host: Host, env: Readonly<Record<string, string>>): Command | undefined => {
  const machine = machines[host.arch]
  if (machine === undefined) return undefined
  return {
    file: machine.qemu,
    args: `-machine ${machine.machine} -accel kvm -cpu host -nodefaults -no-user-config -display none -monitor stdio -S`.split(
      ' ',
    ),
    env,
    input: 'quit\n',
    timeoutMs: 15_000,
  }
}

const askQemu = async (exec: Exec, command: Command): Promise<Kvm> => {
  const completed = await exec.capture(command)
  if (completed.code === 'ENOENT' || completed.canceled) return 'unknown'
  return completed.exitCode === 0 ? 'usable' : 'broken'
}

export interface KvmProbe {
  readonly exec: Exec
  readonly host: Host
  readonly env: Readonly<Record<string, string>>
  /** Where QEMU's answer is kept until the next boot; it costs a tenth of a second. */
  readonly cacheFile: string | undefined
  /** Ask even when an answer is kept, and keep the new one. */
  readonly askAgain?: boolean
  readonly device: string
  readonly bootIdFile: string
}

/** Looks at KVM itself: the file, the right to open it, and whether QEMU can make a machine with it. */
export const probeKvm = async (probe: KvmProbe): Promise<Kvm> => {
  try {
    await access(probe.device, constants.R_OK | constants.W_OK)
  } catch (error) {
    return isErrno(error, 'EACCES', 'EPERM') ? 'closed' : 'missing'
  }
  const command = probeCommand(probe.host, probe.env)
  if (command === undefined) return 'unknown'
  const bootId = (await readTextIfThere(probe.bootIdFile))?.trim() ?? ''
  const cached =
    probe.cacheFile === undefined || probe.askAgain === true
      ? undefined
      : await readTextIfThere(probe.cacheFile)
  for (const kvm of ['usable', 'broken'] as const)
    if (bootId !== '' && cached === `${bootId} ${kvm}\n`) return kvm
  const kvm = await askQemu(probe.exec, command)
  if (kvm !== 'unknown' && bootId !== '' && probe.cacheFile !== undefined)
    // A cache that cannot be written costs the next run a question, nothing more.
    await writeFileAtomic(probe.cacheFile, `${bootId} ${kvm}\n`).catch(() => undefined)
  return kvm
}
