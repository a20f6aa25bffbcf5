// Why a setup.sh fails that was fine in itself: what the tools in it say when the guest cannot give them what they need. Pure.

/** [what a tool says, what it means, what to type]; NAME is the VM, or VM/PROJECT. */
type Known = readonly [RegExp, string, string]

/** About containers; the same words may mean something else in a VM. */
const inContainer: readonly Known[] = [
  [
    /can only (?:create|start) exec sessions|the container \S+ is not running/i,
    'its container does not stay up',
    'dvm logs NAME (IMAGE must have `sleep`, which keeps it up; then: dvm reset NAME --yes --keep-data)',
  ],
  [
    /Read-only file ?system/i,
    'it writes where a container may not: to settings of the kernel, or to something that is mounted read-only',
    "correct it, then: dvm sync NAME (what concerns the whole VM belongs into that one's setup.sh)",
  ],
]

const known: readonly Known[] = [
  [
    /Read-only file ?system/i,
    'a part of this system is read-only in a running VM, because it comes with the base',
    "install it in your base's Containerfile, then: dvm base build && dvm recreate VM --yes",
  ],
  [
    /x509: certificate signed by unknown authority|Curl error \(60\)|curl: \(60\)|SSL certificate problem|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|self[- ]signed certificate in certificate chain/i,
    'the connection is intercepted: its certificate is signed by an authority that the guest does not know',
    'dvm doctor (it says what the proxy and the certificates are)',
  ],
  [/No space left on device/i, 'the disk of the VM is full', 'dvm ssh VM -- df -h /'],
  [
    /toomanyrequests|Too Many Requests|\b(HTTP\S*|status|code|error)[ :]+429\b/i,
    'a registry or server asks to slow down',
    'wait some minutes, then: dvm sync NAME',
  ],
  [
    /Could not resolve host|Temporary failure in name resolution|Temporary failure resolving|Network is unreachable/i,
    'the guest does not reach the network',
    'check your connection and proxy, then: dvm sync NAME',
  ],
  [
    /executable file .?bash.? not found/i,
    'there is no bash in the image, and setup.sh is bash',
    'choose an IMAGE with bash in project.sh, or remove its setup.sh; then: dvm reset NAME --yes --keep-data',
  ],
  [
    /Exec format error/i,
    'a program in it is for another CPU architecture',
    'dvm ssh VM -- uname -m (and download the build for that)',
  ],
]

export interface Explained {
  /** Follows the message after a colon. */
  readonly cause: string
  readonly hint: string
}

/**
 * @param name the VM, or VM/PROJECT
 * @param lines the last lines of its log
 */
export const explainSetup = (
  name: string,
  exitCode: number | undefined,
  lines: readonly string[],
): Explained | undefined => {
  const vm = name.split('/')[0] ?? name
  const fill = (hint: string): string => hint.replaceAll('NAME', name).replaceAll(/\bVM\b/g, vm)
  // The last line that explains anything: earlier ones may have been dealt with.
  for (const line of lines.toReversed())
    for (const [pattern, cause, hint] of name === vm ? known : [...inContainer, ...known])
      if (pattern.test(line)) return { cause, hint: fill(hint) }
  if (exitCode === 137 || lines.some((line) => /\bKilled\b|[Oo]ut of memory/.test(line)))
    return {
      cause: 'it was killed, most likely because the VM ran out of memory',
      hint: fill('raise DVM_MEMORY, then: dvm recreate VM --yes'),
    }
  // What ssh says of a shell that a signal ended, and of a connection that was cut without a word.
  if (exitCode === 255)
    return {
      cause: 'its shell was killed or cut off, unless it says `exit 255` itself',
      hint: again(name),
    }
  return undefined
}

const again = (name: string): string => `correct it, then: dvm sync ${name}`

/** The message and what to type for a setup.sh that failed. */
export const setupFailure = (
  path: string,
  name: string,
  exitCode: number | undefined,
  lines: readonly string[],
): { readonly message: string; readonly hint: string } => {
  const message = `${path} ${exitCode === undefined ? 'was killed' : `ended with exit code ${exitCode}`}`
  const explained = explainSetup(name, exitCode, lines)
  return explained === undefined
    ? { message, hint: again(name) }
    : { message: `${message}: ${explained.cause}`, hint: explained.hint }
}
