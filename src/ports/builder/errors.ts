// The only file that reads what podman and disk builders say when they fail, and turns it into what to do about it.
import type { Completed } from '../../core/command.ts'
import {
  complaint,
  errorLine,
  lastLines,
  recognise,
  wasKilled,
  type Complaint,
} from '../../core/complaints.ts'
import { DvmError } from '../../core/errors.ts'

const place = 'the builder'

/** Told with numbers by whoever can ask for them. */
export const diskFull = `the disk of ${place} is full`

// Sources: texts of podman 5, bootc-image-builder (both generations) and registries, as their users report them.
const known: readonly Complaint[] = [
  {
    pattern:
      /manifest unknown|manifest for .* not found|reading manifest sha256:[0-9a-f]+ in .*: (manifest unknown|.*404)/i,
    code: 'network',
    message: 'pin gone: the registry no longer has the pinned digest',
    hint: 'dvm pins update, then build again (registries delete images that no tag names any more)',
  },
  complaint('intercepted', place, "export DVM_CA_BUNDLE=/path/to/company-ca.pem, with your proxy's CA in it"),
  complaint('slow-down', place, 'wait some minutes, or log in to the registry'),
  complaint(
    'unreachable',
    place,
    'check your connection and proxy, then build again; the old base stays in use',
  ),
  complaint('disk-full', place, 'DVM_BUILDER_DISK=80 dvm base build --clean'),
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
  complaint('architecture', place, 'use images that exist for this architecture'),
  complaint('read-only', place, 'dvm base build --clean'),
]

/** What helps where dvm knows no better. */
export const freshBuilder = 'dvm base build --clean starts with a fresh builder'

/**
 * A podman build, pull or disk build that failed. Carries podman's own line when dvm knows no better, with the hint that it is given:
 * what failed in a build of somebody's Containerfile is for the caller to say.
 */
export const buildFailure = (what: string, completed: Completed, hint?: string): DvmError => {
  if (completed.timedOut)
    return new DvmError('failed', `${what} took too long and was stopped`, {
      hint: 'again, with a bigger builder: DVM_BUILDER_CPUS=4 DVM_BUILDER_MEMORY=8 dvm base build --clean',
      tail: lastLines(completed),
    })
  if (wasKilled(completed))
    return new DvmError('failed', `${what} was killed: the builder ran out of memory`, {
      hint: 'DVM_BUILDER_MEMORY=8 dvm base build --clean',
      tail: lastLines(completed),
    })
  const match = recognise(known, completed)
  if (match !== undefined)
    return new DvmError(match.code, match.message, { hint: match.hint, tail: lastLines(completed) })
  return new DvmError('failed', errorLine(completed)?.replace(/^[Ee]rror: /, '') ?? `${what} failed`, {
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
