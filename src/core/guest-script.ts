// The one script that a sync feeds to a guest: exports, the bootstrap as root if it has to run, then the user's setup.sh. Values are quoted
// data.
import { createHash } from 'node:crypto'
import { quoteWord } from './command.ts'

export interface GuestScript {
  readonly values: Readonly<Record<string, string>>
  /** What runs first, as Lima's user: templates/guest/host-keys.sh, and prepared.sh, which knows whether the bootstrap has to run. */
  readonly before: string
  /** What runs as root: templates/guest/bootstrap.sh and what follows it. With `again` set at its end, the next sync runs it again. */
  readonly bootstrap: string
  /** Variables for setup.sh alone. */
  readonly environment?: Readonly<Record<string, string>>
  /** The user's setup.sh, when there is one. */
  readonly setup: string | undefined
}

/**
 * The first line of a script for `bash -s`. From a pipe bash reads single bytes, each a system call, so as to leave the rest to the commands
 * in the script; what it sources it reads whole. That is 30 ms less for 15 KB in an emulated VM. A socket cannot be opened again: from
 * that it reads as ever.
 */
export const readWhole = 'if [[ -p /dev/stdin ]]; then . /dev/stdin; fi'

/** root's note, for templates/guest/prepared.sh. */
const note = '/run/dvm-prepared'

/** Printed by the guest between bootstrap and setup.sh, so that a failure is blamed on the right one. */
export const setupMarker = '::dvm setup.sh::'

/**
 * Renders it for `bash -s`, run by Lima's login user (who may sudo). setup.sh is sourced from a descriptor of its own: bash
 * reads it whole before it starts, its line numbers are its own, its stdin is empty (a command in it that reads stdin does
 * not eat the rest), and it may end in anything: a comment, an open brace, half a line.
 */
export const renderGuestScript = ({
  values,
  before,
  bootstrap,
  environment = {},
  setup,
}: GuestScript): string => {
  const end = endMarker('DVM_BOOTSTRAP_END', bootstrap)
  const key = createHash('sha256')
    .update(JSON.stringify([bootstrap, values]))
    .digest('hex')
  return [
    readWhole,
    'set -Eeuo pipefail',
    ...exports(values),
    before.trimEnd(),
    `if ! dvm_prepared ${key}; then`,
    `sudo ${['DVM_USER', 'DVM_CODE_DIR', 'DVM_SUBUID_COUNT', 'DVM_SUBGID_COUNT'].map((name) => `${name}="$${name}"`).join(' ')} bash -s <<'${end}'`,
    readWhole,
    // As old as what root looks at: what is changed while it runs is newer. For Lima's user alone: a password is in what the key is of.
    'noted=',
    `if [[ \${SUDO_USER:-} == "$DVM_USER" ]]; then { install -m 0600 -o "$SUDO_UID" /dev/null ${note}-new && echo ${key} >${note}-new && noted=1; } 2>/dev/null; fi`,
    bootstrap.trimEnd(),
    `if [[ -n $noted && -z \${again:-} ]]; then mv -f ${note}-new ${note}; fi`,
    end,
    'fi',
    'unset -f dvm_prepared',
    ...(setup === undefined
      ? []
      : ['set --', `printf '%s\\n' '${setupMarker}'`, ...exports(environment), ...sourced(setup)]),
    '',
  ].join('\n')
}

/** The script that a project's setup.sh runs in, fed to `bash -s` inside its container. The mark of its bash is no argument of it. */
export const renderProjectScript = (values: Readonly<Record<string, string>>, setup: string): string =>
  [readWhole, 'set -Eeuo pipefail', 'set --', ...exports(values), ...sourced(setup), ''].join('\n')

const exports = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).map(([name, value]) => `export ${name}=${quoteWord(value)}`)

const sourced = (setup: string): string[] => {
  const end = endMarker('DVM_SETUP_END', setup)
  // Here it is over: a RETURN trap of setup.sh would run once more when what reads the script whole returns.
  return [`. /dev/fd/3 3<<'${end}' </dev/null`, setup.replace(/\n$/, ''), end, 'exit']
}

/** A line that the text does not hold. */
const endMarker = (word: string, text: string): string => {
  const lines = new Set(text.split('\n'))
  let end = word
  while (lines.has(end)) end += '_'
  return end
}
