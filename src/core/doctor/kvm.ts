// What the probe of KVM means, with the command that opens it. Without KVM all works, many times slower: never a problem.
import { ok, warning, type Finding } from '../finding.ts'

/** `not-asked`: QEMU_SYSTEM_* is set, and dvm leaves acceleration to whoever set it. */
export type KvmState = 'usable' | 'missing' | 'closed' | 'broken' | 'unknown' | 'not-asked'

/** Who may open /dev/kvm. */
export interface KvmDevice {
  /** Undefined when its group id has no name. */
  readonly group: string | undefined
  readonly groupMayOpen: boolean
  /** This user is in the group, but this login is older than that. */
  readonly isListed: boolean
}

export interface KvmFacts {
  readonly kvm: KvmState
  readonly emulated: boolean
  /** QEMU_SYSTEM_X86_64, or the one of this machine. */
  readonly variable: string
  readonly device: KvmDevice | undefined
}

const openIt = (device: KvmDevice | undefined): string => {
  if (device?.isListed === true && device.groupMayOpen)
    return `log out and in again: you are in the group ${device.group} since this login began`
  if (device === undefined || (device.groupMayOpen && device.group !== undefined))
    return `sudo usermod -aG ${device?.group ?? 'kvm'} "$USER", then log in again`
  return 'sudo chown "$USER" /dev/kvm (until the next boot; a udev rule makes it last)'
}

const slow = 'VMs are emulated, many times slower'

const judgements: Readonly<Record<KvmState, (facts: KvmFacts) => Finding>> = {
  usable: () => ok('kvm', 'usable'),
  missing: () =>
    warning(
      'kvm',
      `there is no /dev/kvm: ${slow}`,
      'sudo modprobe kvm_intel (or kvm_amd); if that fails, turn on virtualisation in the firmware setup, or nested virtualisation where this is a VM itself',
    ),
  closed: ({ device }) => warning('kvm', `this user may not open /dev/kvm: ${slow}`, openIt(device)),
  broken: () =>
    warning(
      'kvm',
      `/dev/kvm is there, but QEMU cannot make a machine with it: ${slow}`,
      'where this is a VM itself, turn on nested virtualisation on its host; else update the kernel and QEMU',
    ),
  unknown: () => warning('kvm', 'not tried, because there is no QEMU that runs', 'install QEMU first'),
  'not-asked': ({ emulated, variable }) =>
    emulated
      ? warning('kvm', `not used, because ${variable} says tcg: ${slow}`, `unset ${variable}`)
      : ok('kvm', `not tried, because ${variable} is set`),
}

export const judgeKvm = (facts: KvmFacts): Finding => judgements[facts.kvm](facts)
