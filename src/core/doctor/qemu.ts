// Lima's QEMU driver: which QEMU is good enough, and where the driver looks for UEFI firmware.
import { dirname } from 'node:path'
import { ok, problem, warning, type Finding } from '../finding.ts'
import { installHint, type System } from './packages.ts'
import { isOlder, judgeTool, versionIn, type Tool } from './tool.ts'

/** What Lima 2.2 refuses: pkg/driver/qemu/qemu.go, minimumQemuVersion. */
const oldestForLima = ({ platform, arch }: System): string => {
  if (platform !== 'darwin') return '4.0.0'
  return arch === 'arm64' ? '8.2.1' : '7.0.0'
}

const newer = (system: System): string =>
  system.platform === 'linux'
    ? `${installHint(system, 'qemu')} (8 or later; Debian 12 has it in bookworm-backports)`
    : installHint(system, 'qemu')

/** `program` is what Lima calls; `emulated` says that it will run without acceleration. */
export const judgeQemu = (
  system: System,
  program: string,
  tool: Tool | undefined,
  emulated: boolean,
): Finding => {
  const usable = judgeTool(program, tool, { install: installHint(system, 'qemu') })
  const finding = (other: Finding): Finding => ({ ...other, name: 'qemu' })
  if (tool === undefined || usable.state !== 'ok') return finding(usable)
  const version = versionIn(tool.says)
  if (version === undefined)
    return warning('qemu', `${tool.path} does not tell its version`, `${tool.path} --version`)
  const named = `${version} (${tool.path})`
  if (isOlder(version, oldestForLima(system)))
    return problem('qemu', `${named} is too old for Lima`, newer(system))
  if (!isOlder(version, '8.0.0')) return ok('qemu', named)
  // Seen: QEMU 7.2 under TCG and a guest with Linux 6.12.
  return emulated
    ? problem('qemu', `${named} is too old to emulate: guests panic`, newer(system))
    : warning('qemu', `${named} is old; with KVM it may do`, newer(system))
}

/** The files that Lima 2.2 tries, in its order: pkg/driver/qemu/qemu.go, getFirmware. */
export const firmwarePaths = (system: System, qemu: string, home: string): readonly string[] => {
  const binaries = dirname(qemu)
  const code = `edk2-${system.arch === 'arm64' ? 'aarch64' : 'x86_64'}-code.fd`
  return [
    `${home}/.local/share/qemu/${code}`,
    `${dirname(binaries)}/share/qemu/${code}`,
    `${binaries}/share/${code}`,
    ...(system.arch === 'arm64'
      ? [
          '/usr/share/edk2/aarch64/QEMU_CODE.fd',
          '/usr/share/AAVMF/AAVMF_CODE.fd',
          '/usr/share/qemu-efi-aarch64/QEMU_EFI.fd',
        ]
      : [
          '/usr/share/edk2/x64/OVMF_CODE.4m.fd',
          '/usr/share/OVMF/OVMF_CODE.fd',
          '/usr/share/OVMF/OVMF_CODE_4M.fd',
          '/usr/share/edk2/ovmf/OVMF_CODE.fd',
          '/usr/share/qemu/ovmf-x86_64.bin',
          '/usr/share/qemu/ovmf-x86_64-4m.bin',
        ]),
  ]
}

/** `found`: the first of those paths that is there. */
export const judgeFirmware = (system: System, found: string | undefined): Finding =>
  found === undefined
    ? problem('uefi', 'no UEFI firmware where Lima looks for it', installHint(system, 'firmware'))
    : ok('uefi', found)
