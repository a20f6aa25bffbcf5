// The only file that reads limactl's and ssh's complaints. Turns a Completed into a DvmError in the user's words.
import type { Completed } from '../../core/command.ts'
import type { ErrorCode } from '../../core/errors.ts'
import { DvmError } from '../../core/errors.ts'
import { parseLogLine } from './parse.ts'

export interface Attempt {
  /** What was tried, for a sentence: `start dvm-app`. */
  readonly what: string
  /** The instance, when there is one. */
  readonly name?: string
  readonly timeoutMs?: number
}

interface Known {
  readonly pattern: RegExp
  readonly code: ErrorCode
  readonly message: (name: string, match: RegExpExecArray) => string
  readonly hint: (name: string) => string
}

/** Complaints of Lima 2.1 and 2.2 that have a better wording and a way out. First match wins. */
const known: readonly Known[] = [
  {
    pattern: /must not run as the root user/,
    code: 'refused',
    message: () => 'Lima refuses to run as root',
    hint: () => 'run dvm as an ordinary user',
  },
  {
    pattern: /^instance \S+ already exists/m,
    code: 'failed',
    message: (name) => `the Lima instance ${name} already exists`,
    hint: (name) => `limactl list ${name}`,
  },
  {
    // Deleting "a directory without lima.yaml" is refused by Lima 2.2, in case a clone is under way.
    pattern: /directory \S+ exists but its \S+ could not be read/,
    code: 'failed',
    message: (name) => `the folder of the Lima instance ${name} is incomplete, so Lima will not delete it`,
    hint: () =>
      'remove that folder by hand when no limactl is at work on it (limactl list shows where it is)',
  },
  {
    // `template "default" not found`: see startVariables in index.ts, a start of what does not exist ends there.
    pattern:
      /instance \S+ does not exist|template .default. not found|No instance matching|lima\.yaml\S*: no such file/,
    code: 'not-found',
    message: (name) => `there is no Lima instance ${name}`,
    hint: () => 'limactl list',
  },
  {
    pattern: /instance \S+ is stopped, run|expected status .Running., got .Stopped./,
    code: 'failed',
    message: (name) => `the Lima instance ${name} is stopped`,
    hint: (name) => `limactl start ${name}`,
  },
  {
    pattern: /expected status .Stopped., got .Running./,
    code: 'failed',
    message: (name) => `the Lima instance ${name} is running`,
    hint: (name) => `limactl stop ${name}`,
  },
  {
    pattern: /expected status .(?:Running|Stopped)., got .(\w*)./,
    code: 'failed',
    message: (name, match) => `the Lima instance ${name} is in the state "${match[1] ?? ''}"`,
    hint: (name) => `limactl stop --force ${name}`,
  },
  {
    pattern: /seems running \(hint: remove/,
    code: 'failed',
    message: (name) => `a crash left the Lima instance ${name} half running`,
    hint: (name) => `limactl stop --force ${name}`,
  },
  {
    pattern: /instance is protected/,
    code: 'refused',
    message: (name) => `the Lima instance ${name} is protected from removal`,
    hint: (name) => `limactl unprotect ${name}`,
  },
  {
    pattern: /UNIX_PATH_MAX/,
    code: 'config',
    message: (name) =>
      `the name ${name} is too long: the path of its sockets in Lima's folder would exceed the system's limit`,
    hint: () => 'use a shorter name, or a shorter LIMA_HOME',
  },
  {
    pattern: /disk shrinking is not supported|shrinking .*disk|disk .*shrink/i,
    code: 'config',
    message: (name) => `the disk configured for ${name} is smaller than its image`,
    hint: () => 'raise DVM_DISK',
  },
  {
    pattern: /unexpected EOF.*qcow2|image file .*corrupt|not a qcow2|failed to detect the format/i,
    code: 'integrity',
    message: (name) => `the disk image for ${name} cannot be read`,
    hint: () => 'dvm base build --clean',
  },
  {
    pattern: /no space left on device/i,
    code: 'failed',
    message: (name) => `the disk that holds Lima's instance ${name} is full`,
    hint: () => 'df -h ~; then make room, or delete VMs that are no longer needed',
  },
  {
    pattern: /did not receive an event with the .exiting. status|timed out waiting for instance to shut down/,
    code: 'failed',
    message: (name) => `${name} did not shut down in time`,
    hint: (name) => `limactl stop --force ${name}`,
  },
  {
    pattern: /did not receive an event with the .running. status|context deadline exceeded/,
    code: 'failed',
    message: (name) => `${name} did not become ready in time`,
    hint: (name) =>
      `look at the console: serial*.log in the folder that this prints: limactl list ${name} --format '{{.Dir}}'`,
  },
  {
    pattern: /did not satisfy|degraded, status=/,
    code: 'failed',
    message: (name) => `${name} runs, but not everything that Lima needs in it works`,
    hint: (name) =>
      `look at ha.stderr.log in the folder that this prints: limactl list ${name} --format '{{.Dir}}'`,
  },
  {
    pattern: /host agent process has exited|did not start up in|exiting, status=/,
    code: 'failed',
    message: (name) => `${name} stopped while it was starting`,
    hint: (name) =>
      `look at ha.stderr.log in the folder that this prints: limactl list ${name} --format '{{.Dir}}'`,
  },
  {
    pattern: /exec: "?(qemu-\S+?)"?: executable file not found/,
    code: 'tool',
    message: (_, match) => `Lima needs ${match[1] ?? 'QEMU'}, which is not installed`,
    hint: () => 'install QEMU (Debian: qemu-system and qemu-utils; macOS: brew install qemu)',
  },
  {
    pattern: /unsupported driver|vmType .* is not|unknown driver|not registered/i,
    code: 'config',
    message: () => 'this Lima cannot make VMs of that type here',
    hint: () => 'check DVM_VM_TYPE (limactl create --list-drivers)',
  },
  {
    pattern: /template \S+ not found/,
    code: 'not-found',
    message: (_, match) => `Lima has no such template: ${match[0]}`,
    hint: () => 'limactl create --list-templates',
  },
  {
    pattern: /failed to download|dial tcp|no such host|TLS handshake timeout|i\/o timeout/,
    code: 'network',
    message: (name) => `Lima could not download what ${name} needs`,
    hint: () => 'check the network and the proxy settings, then try again',
  },
  {
    pattern: /^unknown (?:shorthand )?flag/m,
    code: 'tool',
    message: () => 'this limactl does not know an option that dvm uses; it may be too old',
    hint: () => 'install Lima 2.1 or later: brew install lima, or https://lima-vm.io/docs/installation/',
  },
]

/** Lima's own last word in its log, else the last line of stderr. */
const lastWord = (stderr: string): string => {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  const logs = lines.map(parseLogLine).filter((line) => line !== undefined)
  const worst =
    logs.findLast(({ level }) => level === 'fatal') ?? logs.findLast(({ level }) => level === 'error')
  return worst?.message ?? lines.at(-1) ?? ''
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
    return new DvmError('tool', 'limactl is not installed', {
      hint: 'install Lima 2.1 or later: brew install lima, or https://lima-vm.io/docs/installation/',
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
    for (const entry of known) {
      const match = entry.pattern.exec(said)
      if (match !== null)
        return new DvmError(entry.code, entry.message(name, match), {
          hint: entry.hint(name),
          tail: said === last ? [last] : [],
        })
    }
  const reason = last === '' ? `limactl exited with ${completed.exitCode ?? 'a signal'}` : last
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
    hint: `limactl stop --force ${name} && limactl start ${name}`,
    tail: (completed?.stderr ?? '').split('\n').filter((line) => sshComplaint.test(line)),
  })

/** A guest command that did not end on its own. */
export const guestInterrupted = (completed: Completed, attempt: Attempt): DvmError | undefined =>
  completed.code === 'ENOENT' && completed.command.startsWith('ssh ')
    ? new DvmError('tool', 'ssh is not installed', { hint: 'install the OpenSSH client' })
    : interrupted(completed, attempt)
