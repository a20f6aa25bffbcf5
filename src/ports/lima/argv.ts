// limactl's command lines, as values. Pure: knows flags, not processes.
import type { Command } from '../../core/command.ts'
import type { CopySpec, CreateSpec, GuestCommand } from './types.ts'

/** For every call: no prompts, log lines that can be parsed. */
export const globalFlags = (logLevel: string): readonly string[] => [
  '--tty=false',
  '--log-format=json',
  `--log-level=${logLevel}`,
]

export const versionArgs: readonly string[] = ['--version']

export const infoArgs: readonly string[] = ['info']

/** What dvm reads of an instance, and how Lima calls it (`limactl list --list-fields`). */
const listed = {
  name: 'Name',
  status: 'Status',
  dir: 'Dir',
  arch: 'Arch',
  vmType: 'VMType',
  cpus: 'CPUs',
  memory: 'Memory',
  disk: 'Disk',
  sshConfigFile: 'SSHConfigFile',
  sshLocalPort: 'SSHLocalPort',
  errors: 'Errors',
}

/** As one line of JSON each. */
export const listArgs: readonly string[] = ['list', '--format', 'json']

/** The same lines with nothing else in them: whole configurations take Lima 3 ms each. */
const shortListArgs: readonly string[] = [
  'list',
  '--format',
  `{${Object.entries(listed)
    .map(([key, field]) => `"${key}":{{json .${field}}}`)
    .join(',')}}`,
]

/** `list` of the Lima port. */
export const shortListCommand = (of: {
  readonly limactl: string
  readonly logLevel: string
  readonly variables: Readonly<Record<string, string>>
}): Command & { readonly timeoutMs: number } => ({
  file: of.limactl,
  args: [...globalFlags(of.logLevel), ...shortListArgs],
  env: of.variables,
  timeoutMs: 60_000,
})

export const createArgs = (spec: CreateSpec): readonly string[] => [
  'create',
  `--name=${spec.name}`,
  '--mount-none',
  '--containerd=none',
  ...(spec.cpus === undefined ? [] : [`--cpus=${spec.cpus}`]),
  ...(spec.memory === undefined ? [] : [`--memory=${spec.memory}`]),
  ...(spec.disk === undefined ? [] : [`--disk=${spec.disk}`]),
  ...(spec.vmType === undefined ? [] : [`--vm-type=${spec.vmType}`]),
  ...(spec.portForwards ?? []).map((forward) => `--port-forward=${forward},static=true`),
  spec.template,
]

export const startArgs = (name: string, timeoutMs: number): readonly string[] => [
  'start',
  `--timeout=${Math.ceil(timeoutMs / 1000)}s`,
  name,
]

export const stopArgs = (name: string, force: boolean): readonly string[] => [
  'stop',
  ...(force ? ['--force'] : []),
  name,
]

export const deleteArgs = (name: string, force: boolean): readonly string[] => [
  'delete',
  ...(force ? ['--force'] : []),
  name,
]

export const shellArgs = (name: string, guest: GuestCommand): readonly string[] => [
  'shell',
  '--workdir',
  guest.workdir ?? '/',
  name,
  ...(guest.argv.length === 0 ? [] : ['--', ...guest.argv]),
]

/** scp, because it is on every host and guest; its `auto` would ask the guest first. */
export const copyArgs = (name: string, copy: CopySpec): readonly string[] => {
  const guest = `${name}:${copy.guest}`
  return [
    'copy',
    '--backend=scp',
    ...(copy.recursive === true ? ['--recursive'] : []),
    ...(copy.direction === 'to-guest' ? [copy.host, guest] : [guest, copy.host]),
  ]
}
