// With its table (complaints.ts) the only place that reads limactl's and ssh's complaints. Turns a Completed into a DvmError in the user's words.
import type { Completed } from '../../core/command.ts'
import { DvmError } from '../../core/errors.ts'
import { bringUp } from '../../core/names.ts'
import { install, known } from './complaints.ts'
import { parseLogLine } from './parse.ts'

export interface Attempt {
  /** What was tried, for a sentence: `start dvm-app`. */
  readonly what: string
  /** The instance, when there is one. */
  readonly name?: string
  readonly timeoutMs?: number
}

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
    unreachable: name,
  })

/** A guest command that did not end on its own. */
export const guestInterrupted = (completed: Completed, attempt: Attempt): DvmError | undefined =>
  completed.code === 'ENOENT' && completed.command.startsWith('ssh ')
    ? new DvmError('tool', 'ssh is not installed', { hint: 'install the OpenSSH client' })
    : interrupted(completed, attempt)
