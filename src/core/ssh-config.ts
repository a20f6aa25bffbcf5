// The entries that make `ssh VM.dvm` work, and dvm's own file that holds them and those of projects. Pure.
//
// An entry says all of it itself. Lima writes an ssh configuration too, but including that cannot do: ssh takes the first value
// that it meets, and Lima's says its own user, no check of host keys, and a control socket whose master is logged in as that user.
// So only the keys' paths and the port are taken from it (src/ports/lima/ssh-config.ts).
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { instanceOf, isName } from './names.ts'
import { sshPath } from './ssh-syntax.ts'

/** What an entry is made of. */
export interface SshHost {
  readonly vm: string
  readonly user: string
  /** On the host's loopback. Lima picks another one at each start. */
  readonly port: number
  /** Lima's, in its order. */
  readonly identityFiles: readonly string[]
  /** Known hosts and control sockets are in a private directory below it. */
  readonly stateDir: string
  readonly forwardAgent: boolean
}

export type SshOption = readonly [keyword: string, value: string]

/** What a person types after `ssh`. A project's is in project-ssh.ts. */
export const sshAlias = (vm: string): string => `${vm}.dvm`

/** dvm's own, private. A VM may be called `ssh`; then its logs and state are here too. */
export const sshDirectory = (stateDir: string): string => join(stateDir, 'ssh')

/** Where the entries are. It is there while `dvm ssh-config` is installed. */
export const sshConfigFile = (stateDir: string): string => join(sshDirectory(stateDir), 'config')

const knownHostsEnding = '.known_hosts'

/** Where the host keys of a VM are, or of a project, which is `PROJECT.VM` here. */
export const knownHostsFile = (stateDir: string, name: string): string =>
  join(sshDirectory(stateDir), `${name}${knownHostsEnding}`)

/** True for the name of such a file. */
export const isKnownHosts = (name: string): boolean => name.endsWith(knownHostsEnding)

/** True for a file name or an alias that is a VM's or one of its projects'. */
export const isOfVm = (name: string, vm: string): boolean =>
  [`${vm}${knownHostsEnding}`, sshAlias(vm)].some((own) => name === own || name.endsWith(`.${own}`))

/** sun_path on macOS; ssh binds the socket under a name that is 17 characters longer, then renames it. */
const socketPathMax = 104 - 1 - 17

/**
 * One connection for all sessions of a host. The name is a hash, because a path to a socket must be short, of what a connection is made
 * with: after a change of user, port or agent the old connection, which lives on for a while, is not used by mistake.
 */
const sharing = ({ stateDir, made, forwardAgent, persist }: SshLogin): readonly SshOption[] => {
  const name = createHash('sha256')
    .update([...made, forwardAgent].join(' '))
    .digest('hex')
  const path = join(sshDirectory(stateDir), name.slice(0, 8))
  return Buffer.byteLength(path) > socketPathMax
    ? [['ControlPath', 'none']]
    : [
        ['ControlMaster', 'auto'],
        ['ControlPath', sshPath(path)],
        ['ControlPersist', persist],
      ]
}

/** What a VM's entry and a project's have in common. */
export interface SshLogin {
  readonly user: string
  readonly identityFiles: readonly string[]
  readonly stateDir: string
  readonly forwardAgent: boolean
  /** Under which name its host keys are known, and in which file. */
  readonly hostKeyAlias: string
  readonly knownHosts: string
  readonly proxyCommand: string
  /** How long a shared connection stays after its last session. With a ProxyCommand `no`: ssh would hide what that says is wrong. */
  readonly persist: '5m' | 'no'
  /** What else a connection is made with. */
  readonly made: readonly (string | number)[]
}

/** Whatever the person's own `Host *` says comes after this, so each value that matters is said here, also where it is ssh's default. */
export const loginOptions = (login: SshLogin): readonly SshOption[] => [
  ['User', login.user],
  ...login.identityFiles.map((path): SshOption => ['IdentityFile', sshPath(path)]),
  ['IdentitiesOnly', 'yes'],
  ['PreferredAuthentications', 'publickey'],
  ['AddKeysToAgent', 'no'],
  ['HostKeyAlias', login.hostKeyAlias],
  ['UserKnownHostsFile', sshPath(login.knownHosts)],
  ['StrictHostKeyChecking', 'yes'],
  ['NoHostAuthenticationForLocalhost', 'no'],
  ['CheckHostIP', 'no'],
  ['UpdateHostKeys', 'no'],
  ['ProxyCommand', login.proxyCommand],
  ['ForwardAgent', login.forwardAgent ? 'yes' : 'no'],
  ['ForwardX11', 'no'],
  ...sharing(login),
]

export const renderBlock = (alias: string, options: readonly SshOption[]): string =>
  [`Host ${alias}`, ...options.map(([keyword, value]) => `  ${keyword} ${value}`), ''].join('\n')

/**
 * A VM's entry.
 * @throws DvmError `config` for a path that ssh cannot be told.
 */
export const renderHost = ({ vm, user, port, stateDir, ...host }: SshHost): string => {
  if (!isName(vm) || !isName(user)) throw new Error(`not names: ${vm}, ${user}`)
  return renderBlock(sshAlias(vm), [
    ['HostName', '127.0.0.1'],
    ['Port', String(port)],
    ...loginOptions({
      ...host,
      user,
      stateDir,
      // The port may be another VM's tomorrow: who answers there must have this VM's key.
      hostKeyAlias: instanceOf(vm),
      knownHosts: knownHostsFile(stateDir, vm),
      proxyCommand: 'none',
      persist: '5m',
      made: [vm, user, port],
    }),
  ])
}

const header = '# Made by dvm, which writes it anew: dvm ssh-config. Changes in here are lost.\n'

/** The entries of dvm's own file by alias. */
const parseHosts = (text: string): Map<string, string> =>
  new Map(
    text
      .split(/^(?=Host )/m)
      .filter((block) => block.startsWith('Host '))
      .map((block) => [block.slice('Host '.length).split('\n', 1)[0] ?? '', `${block.trimEnd()}\n`]),
  )

/** dvm's own file with these entries, in the order of their names. */
export const renderHosts = (blocks: Iterable<readonly [alias: string, block: string]>): string =>
  [header, ...[...blocks].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, block]) => block)].join('\n')

/** dvm's own file with one entry changed, or gone. */
export const putHost = (text: string, alias: string, block: string | undefined): string => {
  const blocks = parseHosts(text)
  if (block === undefined) blocks.delete(alias)
  else blocks.set(alias, block)
  return renderHosts(blocks)
}

/** dvm's own file without the entries of a VM and of its projects. */
export const dropHosts = (text: string, vm: string): string =>
  renderHosts([...parseHosts(text)].filter(([alias]) => !isOfVm(alias, vm)))
