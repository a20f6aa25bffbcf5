// What podman, package managers and registries complain of wherever they run, in the builder or in a VM. What to do about it is for the
// place to say: each has a table of its own, with these rows among its others.
import type { Completed } from './command.ts'
import type { ErrorCode } from './errors.ts'

/** One row of a table: what a tool says, what it means, what to type. */
export interface Complaint {
  readonly pattern: RegExp
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
  /** True when a tool inside a RUN line may say so as well, and means it. */
  readonly inRun?: true
}

/** Without what to type; {place} is filled in. Sources: podman 4 and 5, apt, dnf, pip, npm, and registries, as their users report them. */
const common = {
  intercepted: {
    pattern:
      /x509: certificate signed by unknown authority|curl(?: error)?:? \(60\)|SSL certificate problem|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|self[- ]signed certificate in certificate chain|Certificate verification failed|CERTIFICATE_VERIFY_FAILED|unable to get local issuer certificate/i,
    code: 'network',
    message:
      'the connection to the registry is intercepted: its certificate is signed by an unknown authority',
    inRun: true,
  },
  'slow-down': {
    pattern: /toomanyrequests|\b429\b|Too Many Requests/i,
    code: 'network',
    message: 'the registry asks to slow down',
  },
  unreachable: {
    pattern:
      /pinging container registry|dial tcp|no such host|Temporary failure (?:in name resolution|resolving)|connection refused|TLS handshake timeout|i\/o timeout|network is unreachable|received unexpected HTTP status: 50\d|Could not resolve host|(?:Get|Head|reading blob|copying)\b.*: (?:unexpected )?EOF/i,
    code: 'network',
    message: 'the network or the registry cannot be reached from {place}',
    inRun: true,
  },
  'disk-full': {
    pattern: /No space left on device|cp: error (?:deallocating|writing)|no space left/i,
    code: 'failed',
    message: 'the disk of {place} is full',
    inRun: true,
  },
  architecture: {
    pattern: /Exec format error|openat2: Function not implemented|os error 38/i,
    code: 'config',
    message: 'the image is for another CPU architecture than this machine',
    inRun: true,
  },
  'read-only': {
    pattern: /Read-only file ?system/i,
    code: 'failed',
    message: 'a part of the file system of {place} is read-only',
  },
} as const satisfies Record<string, Omit<Complaint, 'hint'>>

/** The row for a place. */
export const complaint = (cause: keyof typeof common, place: string, hint: string): Complaint => {
  const row = common[cause]
  return { ...row, message: row.message.replace('{place}', place), hint }
}

/** What went before the end; blank lines say nothing. */
export const lastLines = ({ stdout, stderr }: Completed): string[] =>
  `${stdout}\n${stderr}`
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-20)

/** Podman's own last error, or a disk builder's. */
export const errorLine = ({ stderr }: Completed): string | undefined =>
  stderr
    .split('\n')
    .filter((line) => /^Error: |^error: |cannot /.test(line))
    .at(-1)

/** True for what the kernel ended, which it does when memory runs out. */
export const wasKilled = ({ exitCode, stderr }: Completed): boolean =>
  exitCode === 137 || /\bKilled\b/.test(stderr)

/** Podman's own last error decides first: a tool inside a RUN line may print anything, `429 packages` for one. */
export const recognise = <Row extends Complaint>(
  rows: readonly Row[],
  completed: Completed,
): Row | undefined => {
  const own = errorLine(completed) ?? ''
  const inRun = /\bSTEP "RUN /.test(own)
  const text = `${completed.stdout}\n${completed.stderr}`.slice(-4000)
  return (
    rows.find(({ pattern }) => !inRun && pattern.test(own)) ??
    rows.find(({ pattern, inRun: counts }) => (counts === true || !inRun) && pattern.test(text))
  )
}
