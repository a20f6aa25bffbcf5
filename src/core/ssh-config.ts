// The entries that make `ssh VM.dvm` work, and dvm's own file that holds them. Pure.
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

type Option = readonly [keyword: string, value: string]

/** What a person types after `ssh`. Later for a project too: `api.pool.dvm`. */
export const sshAlias = (vm: string): string => `${vm}.dvm`

/** dvm's own, private. A VM may be called `ssh`; then its logs and state are here too. */
export const sshDirectory = (stateDir: string): string => join(stateDir, 'ssh')

/** Where the entries are. It is there while `dvm ssh-config` is installed. */
export const sshConfigFile = (stateDir: string): string => join(sshDirectory(stateDir), 'config')

const knownHostsEnding = '.known_hosts'

/** Where a VM's host keys are. */
export const knownHostsFile = (stateDir: string, vm: string): string =>
  join(sshDirectory(stateDir), `${vm}${knownHostsEnding}`)

/** True for the name of such a file. */
export const isKnownHosts = (name: string): boolean => name.endsWith(knownHostsEnding)

/** sun_path on macOS; ssh binds the socket under a name that is 17 characters longer, then renames it. */
const socketPathMax = 104 - 1 - 17

/**
 * One connection for all sessions of a VM. The name is a hash, because a path to a socket must be short, of what a connection is made
 * with: after a change of user, port or agent the old connection, which lives on for a while, is not used by mistake.
 */
const sharing = ({ vm, user, port, forwardAgent, stateDir }: SshHost): readonly Option[] => {
  const made = createHash('sha256').update([vm, user, port, forwardAgent].join(' ')).digest('hex')
  const path = join(sshDirectory(stateDir), made.slice(0, 8))
  return Buffer.byteLength(path) > socketPathMax
    ? [['ControlPath', 'none']]
    : [
        ['ControlMaster', 'auto'],
        ['ControlPath', sshPath(path)],
        ['ControlPersist', '5m'],
      ]
}

/** Whatever the person's own `Host *` says comes after this, so each value that matters is said here, also where it is ssh's default. */
const vmOptions = (host: SshHost): readonly Option[] => [
  ['HostName', '127.0.0.1'],
  ['Port', String(host.port)],
  ['User', host.user],
  ...host.identityFiles.map((path): Option => ['IdentityFile', sshPath(path)]),
  ['IdentitiesOnly', 'yes'],
  ['PreferredAuthentications', 'publickey'],
  ['AddKeysToAgent', 'no'],
  // The port may be another VM's tomorrow: who answers there must have this VM's key.
  ['HostKeyAlias', instanceOf(host.vm)],
  ['UserKnownHostsFile', sshPath(knownHostsFile(host.stateDir, host.vm))],
  ['StrictHostKeyChecking', 'yes'],
  ['NoHostAuthenticationForLocalhost', 'no'],
  ['CheckHostIP', 'no'],
  ['UpdateHostKeys', 'no'],
  ['ProxyCommand', 'none'],
  ['ForwardAgent', host.forwardAgent ? 'yes' : 'no'],
  ['ForwardX11', 'no'],
  ...sharing(host),
]

const renderBlock = (alias: string, options: readonly Option[]): string =>
  [`Host ${alias}`, ...options.map(([keyword, value]) => `  ${keyword} ${value}`), ''].join('\n')

/**
 * A VM's entry.
 *
 * For projects (containers in a VM), when they come: one more block `Host api.pool.dvm` with an option in front of the VM's own ones,
 * renderBlock(alias, [X, ...vmOptions(host)]). For editors, which need a real ssh server at the other end, X is a ProxyCommand that
 * runs sshd in inetd mode in the container, over the VM's entry (`ssh pool.dvm podman exec -i api sshd -i`), with host key and alias of
 * its own; for a shell alone RemoteCommand `podman exec -it api …` and RequestTTY would do, but then nothing else works.
 *
 * @throws DvmError `config` for a path that ssh cannot be told.
 */
export const renderHost = (host: SshHost): string => {
  if (!isName(host.vm) || !isName(host.user)) throw new Error(`not names: ${host.vm}, ${host.user}`)
  return renderBlock(sshAlias(host.vm), vmOptions(host))
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

/** dvm's own file with one VM's entry changed, or gone. */
export const putHost = (text: string, vm: string, block: string | undefined): string => {
  const blocks = parseHosts(text)
  if (block === undefined) blocks.delete(sshAlias(vm))
  else blocks.set(sshAlias(vm), block)
  return renderHosts(blocks)
}
