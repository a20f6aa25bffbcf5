// The only file that reads what podman in a VM complains about, and turns it into what to do.
import type { Completed } from '../../core/command.ts'
import { DvmError, type ErrorCode } from '../../core/errors.ts'
import { targetText, type Target } from '../../core/target.ts'

/** [what podman says, code, what it means, what to type]; {vm} and {target} are filled in. */
type Known = readonly [RegExp, ErrorCode, string, string]

// Sources: texts of podman 4 and 5, crun, netavark and pasta.
const known: readonly Known[] = [
  [
    /no such container|no container with name or ID/i,
    'not-found',
    'the project has no container yet',
    'dvm sync {target}',
  ],
  [
    /short-name .* did not resolve|unqualified-search registries/,
    'config',
    'IMAGE names no registry, and this VM has none to look in',
    'write it whole in project.sh, for example IMAGE=docker.io/library/node:24, then: dvm sync {target}',
  ],
  [
    // A digest that is gone: dvm's own pin, when project.sh names no image.
    /@sha256:[0-9a-f]+: .*(?:manifest unknown|404)/i,
    'network',
    'pin gone: the registry no longer has the image with that digest',
    'dvm pins update (or correct IMAGE in project.sh)',
  ],
  [
    /toomanyrequests|\b429\b|Too Many Requests/i,
    'network',
    'the registry asks to slow down',
    'wait some minutes, or log in to it: dvm sh {vm}, then: podman login REGISTRY',
  ],
  [
    /Exec format error/i,
    'config',
    'the image is for another CPU architecture than this machine',
    'choose one in project.sh that exists for this architecture',
  ],
  [
    /manifest unknown|reading manifest .*: (?:manifest unknown|.*404)|repository .* not found/i,
    'network',
    'the registry has no such image',
    'correct IMAGE in project.sh',
  ],
  [
    /unauthorized|authentication required|denied: requested access/i,
    'network',
    'the registry wants a login for that image',
    'dvm sh {vm}, then: podman login REGISTRY',
  ],
  [
    /x509: certificate signed by unknown authority/,
    'network',
    'the connection to the registry is intercepted: its certificate is signed by an unknown authority',
    "export DVM_CA_BUNDLE=/path/to/company-ca.pem with your proxy's CA in it, then: dvm sync {vm}",
  ],
  [
    /pinging container registry|dial tcp|no such host|Temporary failure|connection refused|TLS handshake timeout|i\/o timeout|network is unreachable|received unexpected HTTP status: 50\d|(?:Get|Head|reading blob|copying)\b.*: (?:unexpected )?EOF/i,
    'network',
    'the registry cannot be reached from the VM',
    'check your connection and proxy, then: dvm sync {target}',
  ],
  [
    /no space left on device/i,
    'failed',
    'the disk of the VM is full',
    'dvm sh {vm}, then: df -h / and podman system prune',
  ],
  [
    /address already in use|port is already allocated|cannot listen on/i,
    'failed',
    'one of its ports is taken in the VM',
    'choose another in PROJ_PORTS, or stop what listens there: dvm ssh {vm} -- ss --listening --tcp --numeric',
  ],
  [
    /insufficient UIDs or GIDs|no subuid ranges found|newuidmap/i,
    'config',
    'the account has no subordinate ids, which containers need',
    'leave DVM_SUBUID_COUNT and DVM_SUBGID_COUNT at 65536, then: dvm sync {vm}',
  ],
]

/** A podman call that failed, on behalf of a VM or of a project in it. */
export const containerFailure = (what: string, target: Target, completed: Completed): DvmError => {
  const text = `${completed.stdout}\n${completed.stderr}`
  const tail = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-20)
  if (completed.timedOut) return new DvmError('failed', `the VM took too long to ${what}`, { tail })
  const match = known.find(([pattern]) => pattern.test(completed.stderr))
  if (match === undefined) {
    const own = completed.stderr
      .split('\n')
      .filter((line) => line.startsWith('Error: '))
      .at(-1)
    return new DvmError('failed', own?.replace(/^Error: /, '') ?? `the VM could not ${what}`, { tail })
  }
  const [, code, message, hint] = match
  const typed = hint.replaceAll('{vm}', target.vm).replaceAll('{target}', targetText(target))
  return new DvmError(code, message, { hint: typed, tail })
}
