// Ways into a guest: ssh over Lima's own control socket (40 ms a call, emulated) or `limactl shell` (160 ms).
// A command sees the same directory, environment and arguments either way.
import { dirname, join } from 'node:path'
import { quoteWord } from '../../core/command.ts'
import { sshPath } from '../../core/ssh-syntax.ts'
import type { AgentLogin, GuestCommand, Instance } from './types.ts'

/** Lima's name for the guest in its ssh configuration. */
export const sshHost = (instance: string): string => `lima-${instance.replaceAll(/[._]/g, '-')}`

/** Lima's control socket, beside its ssh configuration. */
export const controlSocket = (sshConfigFile: string): string => join(dirname(sshConfigFile), 'ssh.sock')

/**
 * The line for the guest's shell. Like `limactl shell`, but without the login shell around a command, which costs 60 ms
 * emulated: all that it adds for dvm is the system directories on PATH.
 */
export const guestLine = (guest: GuestCommand): string => {
  const enter = `cd ${quoteWord(guest.workdir ?? '/')} || exit 1`
  return guest.argv.length === 0
    ? `${enter} ; exec "$SHELL" -l`
    : `${enter} ; export PATH="$PATH:/usr/sbin:/sbin" ; exec ${guest.argv.map(quoteWord).join(' ')}`
}

/**
 * Forwarding the agent takes a connection of its own. Over a control socket the master decides: it forwards only what it was started
 * with, and Lima starts it without. It would not reach DVM_USER either, because the agent's socket in the guest is Lima's user's, and
 * sudo drops its name. So: no control socket, DVM_USER's own login, and a host that is checked, since it gets the use of the agent.
 */
const loginOptions = (instance: string, login: AgentLogin): readonly string[] =>
  [
    'ControlPath=none',
    'ForwardAgent=yes',
    `User=${login.user}`,
    'StrictHostKeyChecking=yes',
    'NoHostAuthenticationForLocalhost=no',
    `HostKeyAlias=${instance}`,
    `UserKnownHostsFile=${sshPath(login.knownHostsFile)}`,
  ].flatMap((option) => ['-o', option])

/**
 * ssh's arguments. It uses the control socket when a master listens there and connects by itself otherwise, but never
 * becomes the master: that would outlive this process and hold its descriptors.
 */
export const sshArgs = (
  instance: Pick<Instance, 'name'>,
  sshConfigFile: string,
  guest: GuestCommand,
  terminal: { readonly tty: boolean; readonly stdin: boolean },
  login?: AgentLogin,
): readonly string[] => [
  '-F',
  sshConfigFile,
  // These go before what the file says.
  ...(login === undefined ? [] : loginOptions(instance.name, login)),
  '-o',
  'BatchMode=yes',
  '-o',
  'ControlMaster=no',
  '-o',
  'ConnectTimeout=30',
  '-o',
  'ServerAliveInterval=30',
  '-o',
  'LogLevel=ERROR',
  terminal.tty ? '-t' : '-T',
  ...(terminal.stdin ? [] : ['-n']),
  sshHost(instance.name),
  '--',
  guestLine(guest),
]

/** Terminals that a guest knows from ncurses' base set; newer ones (xterm-ghostty, xterm-kitty, ...) need a stand-in. */
const knownTerminals =
  /^(ansi|dumb|linux|vt(52|100|102|220)|rxvt(-basic)?|screen(-256color|-bce|-256color-bce|\.xterm-256color)?|tmux(-256color)?|xterm(-color|-256color|-mono|-vt220)?)$/

/** TERM for the guest. */
export const guestTerm = (term: string | undefined): string =>
  term === undefined || term === '' ? 'dumb' : knownTerminals.test(term) ? term : 'xterm-256color'
