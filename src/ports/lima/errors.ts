// The only file that reads limactl's and ssh's complaints. Turns a Completed into a DvmError in the user's words.
import type { Completed } from '../../core/command.ts'
import type { ErrorCode } from '../../core/errors.ts'
import { DvmError } from '../../core/errors.ts'
import { bringUp } from '../../core/names.ts'
import { parseLogLine } from './parse.ts'

export interface Attempt {
  /** What was tried, for a sentence: `start dvm-app`. */
  readonly what: string
  /** The instance, when there is one. */
  readonly name?: string
  readonly timeoutMs?: number
}

/** [what Lima says, code, what it means, what to type]; NAME is the instance, AGAIN what brings it up, $1 the pattern's first group. */
type Known = readonly [RegExp, ErrorCode, string, string]

const logs = "look at serial*.log and ha.stderr.log in: limactl list NAME --format '{{.Dir}}'"
const install = 'install Lima 2.1 or later: brew install lima, or https://lima-vm.io/docs/installation/'
const force = 'limactl stop --force NAME'

/** Complaints of Lima 2.1 and 2.2 that have a better wording and a way out. The first match wins. */
const known: readonly Known[] = [
  [/must not run as the root user/, 'refused', 'Lima refuses to run as root', 'run dvm as an ordinary user'],
  [/^instance \S+ already exists/m, 'failed', 'the Lima instance NAME already exists', 'limactl list NAME'],
  // Refused by Lima 2.2 because a clone may be under way.
  [
    /directory \S+ exists but its \S+ could not be read/,
    'failed',
    'the folder of the Lima instance NAME is incomplete, so Lima will not delete it',
    'when no limactl is at work on it, remove the folder that "limactl list" shows',
  ],
  // A start of what does not exist ends at "template `default.yaml`": see startVariables in index.ts.
  [
    /instance \S+ does not exist|template .default\.yaml. not found|unmatched instances|lima\.yaml: no such file/,
    'not-found',
    'there is no Lima instance NAME',
    'AGAIN',
  ],
  [
    /instance \S+ is stopped, run|expected status .Running., got .Stopped./,
    'failed',
    'the Lima instance NAME is stopped',
    'AGAIN',
  ],
  [
    /expected status .Stopped., got .Running./,
    'failed',
    'the Lima instance NAME is running',
    'limactl stop NAME',
  ],
  [
    /expected status .\w+., got .(\w+)./,
    'failed',
    'the Lima instance NAME is in the state "$1"',
    'limactl stop --force NAME',
  ],
  [
    /seems running \(hint: remove|errors inspecting instance: \[failed to (?:connect|get Info)/,
    'failed',
    'a crash left the Lima instance NAME half running',
    force,
  ],
  [
    /has configuration errors|has no configuration|expected status .\w+., got ../,
    'failed',
    "the settings of the Lima instance NAME (lima.yaml in Lima's folder) cannot be read",
    'limactl edit NAME, or limactl delete --force NAME',
  ],
  [
    /instance is protected/,
    'refused',
    'the Lima instance NAME is protected from removal',
    'limactl unprotect NAME',
  ],
  [
    /UNIX_PATH_MAX|is not a valid identifier: .* maximum length/,
    'config',
    "the name NAME is too long for Lima's folder: sockets there have a limit on the length of their paths",
    'use a shorter name, or a shorter LIMA_HOME',
  ],
  [
    /disk shrinking is not supported/,
    'config',
    'the disk size for NAME is smaller than the image it starts from',
    'raise DVM_DISK (the builder: DVM_BUILDER_DISK)',
  ],
  [
    /no space left on device/i,
    'failed',
    "the file system that holds Lima's instances is full",
    'df -h ~; then make room, or delete VMs that are no longer needed',
  ],
  [
    /did not receive an event with the .exiting. status|timed out waiting for instance to shut down/,
    'failed',
    'NAME did not shut down in time',
    force,
  ],
  [
    /did not receive an event with the .running. status|context deadline exceeded/,
    'failed',
    'NAME did not become ready in time',
    logs,
  ],
  [/degraded, status=/, 'failed', 'NAME runs, but not all that Lima needs in it works', logs],
  [
    /host agent process has exited|did not start up in|exiting, status=/,
    'failed',
    'NAME stopped while it was starting',
    logs,
  ],
  [
    /exec: "(\S+)": executable file not found/,
    'tool',
    'Lima needs $1, which is not installed',
    'install QEMU (Debian: qemu-system and qemu-utils; macOS: brew install qemu)',
  ],
  [
    /unknown or unsupported VM type: (\S+)/,
    'config',
    'Lima cannot make VMs of type "$1" here',
    'check DVM_VM_TYPE (limactl create --list-drivers)',
  ],
  [
    /template \S(\S+?)\S not found/,
    'not-found',
    'Lima has no template $1',
    'limactl create --list-templates',
  ],
  [
    /failed to unmarshal YAML|the YAML is invalid|field \S+ must be set/,
    'config',
    'the Lima template for NAME is not valid',
    'limactl validate TEMPLATE',
  ],
  [
    /failed to download `([^`]+)`: failed to open source/,
    'failed',
    'the disk image $1 is not there',
    'dvm base status',
  ],
  [
    /failed to download|dial tcp|no such host|TLS handshake timeout|i\/o timeout/,
    'network',
    'Lima could not download what NAME needs',
    'check the network and the proxy settings, then try again',
  ],
  [/unknown (?:shorthand )?flag/, 'tool', 'this limactl does not know an option that dvm uses', install],
]

/** Lima's own last word in its log, else the last line of stderr. */
const lastWord = (stderr: string): string => {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  const logs = lines.map(parseLogLine).filter((line) => line !== undefined)
  const worst =
    logs.findLast(({ level }) => level === 'fatal') ?? logs.findLast(({ level }) => level === 'error')
  const plain = lines.findLast((line) => parseLogLine(line) === undefined)
  return worst?.message ?? plain ?? ''
}

/** Everything that limactl complained of, its JSON unwrapped. */
const complaints = (stderr: string): string =>
  stderr
    .split('\n')
    .map((line) => {
      const log = parseLogLine(line)
      return log === undefined ? line : ['info', 'debug'].includes(log.level) ? '' : log.message
    })
    .join('\n')

const minutes = (milliseconds: number): string =>
  milliseconds < 120_000
    ? `${Math.round(milliseconds / 1000)} seconds`
    : `${Math.round(milliseconds / 60_000)} minutes`

/** A limactl that could not be started, was stopped, or ran out of time. */
const interrupted = (completed: Completed, attempt: Attempt): DvmError | undefined => {
  if (completed.canceled) return new DvmError('failed', `interrupted: ${attempt.what}`)
  if (completed.timedOut)
    return new DvmError(
      'failed',
      `${attempt.what}: no end after ${minutes(attempt.timeoutMs ?? 0)}, so it was stopped`,
      { hint: attempt.name === undefined ? 'try again' : `limactl list ${attempt.name}` },
    )
  if (completed.code === 'ENOENT')
    return completed.command.startsWith('limactl ')
      ? new DvmError('tool', 'limactl is not installed', { hint: install })
      : new DvmError('tool', 'limactl is not installed: DVM_LIMACTL leads to no program', {
          hint: 'unset DVM_LIMACTL, or set it to the path of limactl',
        })
  if (completed.code === 'EACCES')
    return new DvmError('tool', 'limactl cannot be run: permission denied', { hint: 'check DVM_LIMACTL' })
  return undefined
}

/** Why limactl failed. Call it for a Completed that did not exit with 0. */
export const limaError = (completed: Completed, attempt: Attempt): DvmError => {
  const stopped = interrupted(completed, attempt)
  if (stopped !== undefined) return stopped
  const name = attempt.name ?? ''
  const last = lastWord(completed.stderr)
  // The last word first: earlier lines are often what led to it, not what it is.
  for (const said of [last, complaints(completed.stderr)])
    for (const [pattern, code, message, hint] of known) {
      const match = pattern.exec(said)
      if (match === null) continue
      const fill = (text: string): string =>
        text
          .replaceAll('NAME', name)
          .replaceAll('AGAIN', bringUp(name))
          .replaceAll('$1', match[1] ?? '')
      return new DvmError(code, fill(message), { hint: fill(hint), tail: last.split('\n') })
    }
  const end = completed.exitCode === undefined ? 'a signal' : `exit code ${completed.exitCode}`
  const reason = last === '' ? `limactl ended with ${end}` : `${last} (${end})`
  return new DvmError('failed', `could not ${attempt.what}: ${reason}`, {
    hint: attempt.name === undefined ? 'limactl list' : `limactl list ${attempt.name}`,
  })
}

/** True when limactl itself failed before or instead of the guest's command: its log ends with a fatal line. */
export const isLimaFailure = (completed: Completed): boolean => {
  const last = completed.stderr.trimEnd().split('\n').at(-1) ?? ''
  if (completed.exitCode !== 1) return false
  return parseLogLine(last)?.level === 'fatal' || last === 'limactl: must not run as the root user'
}

const sshComplaint =
  /^(?:ssh: |kex_exchange_identification|mux_client_|client_loop: |Connection (?:closed|reset|timed out)|Timeout, server|ssh_dispatch_run_fatal|.*: Permission denied \(publickey|Host key verification failed|banner exchange)/m

/** True when exit code 255 is surely ssh's own. */
export const isSshFailure = (completed: Completed): boolean =>
  completed.exitCode === 255 && sshComplaint.test(completed.stderr)

/** The guest could not be reached. */
export const unreachable = (name: string, completed?: Completed): DvmError =>
  new DvmError('failed', `${name} does not answer over ssh`, {
    hint: `${bringUp(name)}; if that does not help: limactl stop --force ${name} && ${bringUp(name)}`,
    tail: (completed?.stderr ?? '').split('\n').filter((line) => sshComplaint.test(line)),
  })

/** A guest command that did not end on its own. */
export const guestInterrupted = (completed: Completed, attempt: Attempt): DvmError | undefined =>
  completed.code === 'ENOENT' && completed.command.startsWith('ssh ')
    ? new DvmError('tool', 'ssh is not installed', { hint: 'install the OpenSSH client' })
    : interrupted(completed, attempt)
