// The only file that reads what podman and disk builders say when they fail, and turns it into what to do about it.
import type { Completed } from '../../core/command.ts'
import { DvmError, type ErrorCode } from '../../core/errors.ts'

interface Known {
  readonly pattern: RegExp
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
  /** True when a tool inside a RUN line may say so as well, and means it. */
  readonly inRun?: true
}

/** Told with numbers by whoever can ask for them. */
export const diskFull = 'the disk of the builder is full'

// Sources: texts of podman 5, bootc-image-builder (both generations) and registries, as their users report them.
const known: readonly Known[] = [
  {
    pattern:
      /manifest unknown|manifest for .* not found|reading manifest sha256:[0-9a-f]+ in .*: (manifest unknown|.*404)/i,
    code: 'network',
    message: 'pin gone: the registry no longer has the pinned digest',
    hint: 'dvm pins update, then build again (registries delete images that no tag names any more)',
  },
  {
    pattern: /x509: certificate signed by unknown authority|Curl error \(60\)/,
    code: 'network',
    message:
      'the connection to the registry is intercepted: its certificate is signed by an unknown authority',
    hint: "export DVM_CA_BUNDLE=/path/to/company-ca.pem, with your proxy's CA in it",
    inRun: true,
  },
  {
    pattern: /toomanyrequests|\b429\b|Too Many Requests/i,
    code: 'network',
    message: 'the registry asks to slow down',
    hint: 'wait some minutes, or log in to the registry',
  },
  {
    pattern:
      /pinging container registry|dial tcp|no such host|Temporary failure (in name resolution|resolving)|connection refused|TLS handshake timeout|i\/o timeout|network is unreachable|received unexpected HTTP status: 50\d|Could not resolve host|(?:Get|Head|reading blob|copying)\b.*: (?:unexpected )?EOF/i,
    code: 'network',
    message: 'the network or the registry cannot be reached from the builder',
    hint: 'check your connection and proxy, then build again; the old base stays in use',
    inRun: true,
  },
  {
    pattern: /No space left on device|cp: error (deallocating|writing)|no space left/i,
    code: 'failed',
    message: diskFull,
    hint: 'DVM_BUILDER_DISK=80 dvm base build --clean',
    inRun: true,
  },
  {
    pattern: /readlink \S*\/overlay\S*: invalid argument|identifier is not a container|layer not known/,
    code: 'failed',
    message: "the builder's image store is damaged",
    hint: 'dvm base build --clean',
  },
  {
    pattern: /is not a bootc image/,
    code: 'config',
    message: 'the image is not a bootc image: its last stage lost what dvm-base put there',
    hint: 'make the last stage of your Containerfile start with: FROM dvm-base',
  },
  {
    pattern:
      /does not include a default root filesystem type|no default root filesystem type specified|missing required info: DefaultRootFs|no default fs set/,
    code: 'config',
    message: 'the disk builder found no root file system type for this image',
    hint: 'keep dvm-base as the base of your image, it names one',
  },
  {
    pattern: /setfiles: Could not set context/,
    code: 'failed',
    message: 'the builder lacks the SELinux policy of the disk builder',
    hint: 'dvm base build --clean',
  },
  {
    pattern: /no longer pulls images/,
    code: 'failed',
    message: "the disk builder found no image in the builder's store",
    hint: 'dvm base build --clean',
  },
  {
    pattern: /must be run in rootful|requires a privileged container|could not access container storage/,
    code: 'failed',
    message: 'the disk builder was not given what it needs by the builder',
    hint: 'dvm base build --clean',
  },
  {
    pattern: /failed to preserve ownership|cannot setup owner/,
    code: 'failed',
    message: 'the builder cannot keep the owners of files where it works',
    hint: 'dvm base build --clean',
  },
  {
    pattern: /Exec format error|openat2|os error 38/,
    code: 'config',
    message: 'the image is for another CPU architecture than this machine',
    hint: 'use images that exist for this architecture',
    inRun: true,
  },
]

/** What helps where dvm knows no better. */
export const freshBuilder = 'dvm base build --clean starts with a fresh builder'

const lastLines = (completed: Completed): string[] =>
  `${completed.stdout}\n${completed.stderr}`
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-20)

const errorLine = (completed: Completed): string | undefined =>
  completed.stderr
    .split('\n')
    .filter((line) => /^Error: |^error: |cannot /.test(line))
    .at(-1)

/**
 * A podman build, pull or disk build that failed. Carries podman's own line when dvm knows no better, with the hint that it is given:
 * what failed in a build of somebody's Containerfile is for the caller to say.
 */
export const buildFailure = (what: string, completed: Completed, hint?: string): DvmError => {
  const text = `${completed.stdout}\n${completed.stderr}`
  if (completed.timedOut)
    return new DvmError('failed', `${what} took too long and was stopped`, {
      hint: 'again, with a bigger builder: DVM_BUILDER_CPUS=4 DVM_BUILDER_MEMORY=8 dvm base build --clean',
      tail: lastLines(completed),
    })
  if (completed.exitCode === 137 || /\bKilled\b/.test(completed.stderr))
    return new DvmError('failed', `${what} was killed: the builder ran out of memory`, {
      hint: 'DVM_BUILDER_MEMORY=8 dvm base build --clean',
      tail: lastLines(completed),
    })
  // Podman's own last error decides first: a tool inside a RUN line may print anything, `429 packages` for one.
  const own = errorLine(completed)
  const inRun = /\bSTEP "RUN /.test(own ?? '')
  const match =
    known.find(({ pattern }) => !inRun && pattern.test(own ?? '')) ??
    known.find(({ pattern, inRun: counts }) => (counts || !inRun) && pattern.test(text.slice(-4000)))
  if (match !== undefined)
    return new DvmError(match.code, match.message, { hint: match.hint, tail: lastLines(completed) })
  return new DvmError('failed', own?.replace(/^[Ee]rror: /, '') ?? `${what} failed`, {
    hint,
    tail: lastLines(completed),
  })
}

/** Anything else that dvm asked of the builder and did not get. */
export const guestFailure = (what: string, completed: Completed): DvmError => {
  const match = known.find(({ pattern }) => pattern.test(completed.stderr))
  return new DvmError(match?.code ?? 'failed', match?.message ?? `the builder could not ${what}`, {
    hint: match?.hint ?? freshBuilder,
    tail: lastLines(completed),
  })
}
