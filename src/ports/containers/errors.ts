// The only file that reads what podman in a VM complains about, and turns it into what to do.
import type { Completed } from '../../core/command.ts'
import { complaint, lastLines, recognise, wasKilled, type Complaint } from '../../core/complaints.ts'
import { DvmError, NoAccount, type ErrorCode } from '../../core/errors.ts'
import { targetText, type Target } from '../../core/target.ts'

interface Known extends Complaint {
  /** What to type is about a project's IMAGE: where a dev-base is built it is another file. */
  readonly ofImage?: true
}

const place = 'the VM'

const said = (pattern: RegExp, code: ErrorCode, message: string, hint: string): Known => ({
  pattern,
  code,
  message,
  hint,
})
const ofImage = (row: Known): Known => ({ ...row, ofImage: true })

// Sources: texts of podman 4 and 5, crun, netavark, rootlessport and pasta. {vm}, {target} and {again} are filled in.
const known: readonly Known[] = [
  said(
    /no such container|no container with name or ID/i,
    'not-found',
    'the project has no container yet',
    'dvm sync {target}',
  ),
  ofImage(
    said(
      /short-name .* did not resolve|unqualified-search registries/,
      'config',
      'IMAGE names no registry, and this VM has none to look in',
      'write it whole in project.sh, for example IMAGE=docker.io/library/node:24, then: {again}',
    ),
  ),
  ofImage(
    said(
      /invalid reference format|parsing reference ".*": /i,
      'config',
      'IMAGE is not the name of an image',
      'correct IMAGE in project.sh (small letters, for example docker.io/library/node:24), then: {again}',
    ),
  ),
  // No registry answers to that name.
  ofImage(
    said(
      /initializing source docker:\/\/localhost\//,
      'config',
      'IMAGE names an image that is not in this VM',
      'build it there, or correct IMAGE in project.sh (dvm base dev-init begins a dev-base); then: {again}',
    ),
  ),
  // A digest that is gone: dvm's own pin, when project.sh names no image.
  said(
    /@sha256:[0-9a-f]+: .*(?:manifest unknown|404)/i,
    'network',
    'pin gone: the registry no longer has the image with that digest',
    'dvm pins update (or correct IMAGE in project.sh)',
  ),
  complaint(
    'slow-down',
    place,
    '{again} (in some minutes; or log in to the registry first: dvm sh {vm}, then: podman login REGISTRY)',
  ),
  ofImage(
    complaint(
      'architecture',
      place,
      'name an IMAGE for this architecture in project.sh, then: dvm reset {target} --yes --keep-data',
    ),
  ),
  ofImage(
    said(
      /manifest unknown|reading manifest .*: (?:manifest unknown|.*404)|repository .* not found/i,
      'network',
      'the registry has no such image',
      'correct IMAGE in project.sh, then: {again}',
    ),
  ),
  said(
    /unauthorized|authentication required|denied: requested access/i,
    'network',
    'the registry wants a login for that image',
    'dvm sh {vm}, then: podman login REGISTRY',
  ),
  complaint(
    'intercepted',
    place,
    "export DVM_CA_BUNDLE=/path/to/company-ca.pem with your proxy's CA in it, then: dvm sync {vm}",
  ),
  complaint('unreachable', place, 'check your connection and proxy, then: {again}'),
  // Not `podman system prune`: it removes the containers of projects that are stopped.
  complaint(
    'disk-full',
    place,
    'dvm ssh {vm} -- podman image prune --all --force (removes unused images; to see what is full: dvm ssh {vm} -- df -h /)',
  ),
  said(
    /address already in use|port is already allocated|cannot listen on/i,
    'failed',
    'one of its ports is taken in the VM',
    'choose another in PROJ_PORTS, or stop what listens there: dvm ssh {vm} -- ss --listening --tcp --numeric',
  ),
  said(
    /privileged port|port \d+ \(Permission denied\)|listen (?:tcp|udp)\S* \S+: bind: permission denied/i,
    'config',
    'ports below 1024 are not for ordinary users, in a VM neither',
    'give the host one from 1024 in PROJ_PORTS, for example 8080:80, then: {again}',
  ),
  said(
    /\/dev\/fuse.*(?:no such file|not found|no such device)/i,
    'config',
    'NESTED=1 takes /dev/fuse, which this VM does not have',
    'dvm ssh {vm} -- sudo modprobe fuse, or NESTED=0 in project.sh; then: {again}',
  ),
  ofImage(
    said(
      /executable file .?sleep.? not found|exec: "sleep": executable file not found/i,
      'config',
      'there is no `sleep` in the image, which keeps a container up',
      'choose an IMAGE with sleep in it in project.sh, then: {again}',
    ),
  ),
  said(
    /can only (?:create|start) exec sessions|the container \S+ is not running/i,
    'failed',
    'its container does not stay up',
    'dvm logs {target} (IMAGE must have `sleep`, which keeps it up; then: dvm reset {target} --yes --keep-data)',
  ),
  said(
    /insufficient UIDs or GIDs|no subuid ranges found|newuidmap/i,
    'config',
    'the account has no subordinate ids, which containers need',
    'leave DVM_SUBUID_COUNT and DVM_SUBGID_COUNT at 65536, then: dvm sync {vm}',
  ),
  complaint(
    'read-only',
    place,
    'dvm stop {vm} && dvm sync {vm} (a file system that met an error is checked at the next start)',
  ),
]

/** Of sudo and sudo-rs. */
const noAccount = /^sudo(?:-rs)?: (?:unknown user:? |user '?\S+?'? not found)/im
const tooLate = '{again} (and if that hangs too: dvm stop {vm} && {again})'
const moreMemory = 'raise DVM_MEMORY in vms/{vm}/config.sh, then: dvm recreate {vm} --yes'
const strange = (target: Target, again: string | undefined): string =>
  target.project === undefined || again !== undefined
    ? '{again} (what podman says of itself: dvm ssh {vm} -- podman info)'
    : '{again} (and if that fails too, with a new container on the same workspace: dvm reset {target} --yes --keep-data)'

interface Options {
  /** It was the build of a dev-base: what the person's Containerfile is at fault for gets no hint, because only the caller knows its path. */
  readonly build?: boolean
  /** What to type once it is put right; a sync unless said otherwise. */
  readonly again?: string | undefined
}

/** A podman call that failed, on behalf of a VM or of a project in it. Ends in something to type, but for a `build`. */
export const containerFailure = (
  what: string,
  target: Target,
  completed: Completed,
  { build = false, again }: Options = {},
): DvmError => {
  const tail = lastLines(completed)
  const failure = (code: ErrorCode, message: string, hint: string | undefined): DvmError =>
    new DvmError(code, message, {
      hint: hint
        ?.replaceAll('{again}', again ?? 'dvm sync {target}')
        .replaceAll('{vm}', target.vm)
        .replaceAll('{target}', targetText(target)),
      tail,
    })
  // In a build it may be a line of the person's own that says so.
  if (!build && noAccount.test(completed.stderr))
    return new NoAccount('failed', `the VM has no account that could ${what}`, {
      hint: `dvm sync ${target.vm}`,
      tail,
    })
  if (completed.timedOut) return failure('failed', `the VM took too long to ${what}`, tooLate)
  if (wasKilled(completed))
    return failure('failed', `the VM ran out of memory, and could not ${what}`, moreMemory)
  // Outside of a build what goes to stdout is an answer, and no complaint.
  const match = recognise(known, build ? completed : { ...completed, stdout: '' })
  if (match !== undefined)
    return failure(match.code, match.message, build && match.ofImage ? undefined : match.hint)
  const own = completed.stderr
    .split('\n')
    .filter((line) => line.startsWith('Error: '))
    .at(-1)
  const message = own?.replace(/^Error: /, '') ?? `the VM could not ${what}`
  return failure('failed', message, build ? undefined : strange(target, again))
}
