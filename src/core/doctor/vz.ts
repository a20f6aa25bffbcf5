// macOS: can Lima use the system's own virtualisation? As Lima 2.2 decides in pkg/driver/vz/vz_driver_darwin.go.
import { ok, problem, warning, type Finding } from '../finding.ts'
import { isOlder, versionIn } from './tool.ts'

/** `says`: the answer of `sw_vers -productVersion`. */
export const judgeVz = (says: string | undefined, arch: string): Finding => {
  const version = versionIn(says ?? '') ?? /^\d+/.exec(says ?? '')?.[0]
  if (version === undefined)
    return warning(
      'vz',
      'the version of macOS is not known',
      'sw_vers -productVersion (vz needs 13 or later)',
    )
  if (isOlder(version, '13.0.0'))
    return problem(
      'vz',
      `macOS ${version} is too old: vz needs 13 or later`,
      'update macOS, or: brew install qemu; export DVM_VM_TYPE=qemu',
    )
  if (arch === 'x64' && isOlder(version, '15.5.0'))
    return warning(
      'vz',
      `macOS ${version} on Intel: guests with Linux 6.12 or later need macOS 15.5`,
      'update macOS, or: brew install qemu; export DVM_VM_TYPE=qemu',
    )
  return ok('vz', `usable (macOS ${version})`)
}
