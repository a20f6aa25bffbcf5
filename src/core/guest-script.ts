// The one script that a sync feeds to a guest: exports, the bootstrap as root, then the user's setup.sh. Values are quoted data.
import { quoteWord } from './command.ts'

export interface GuestScript {
  readonly values: Readonly<Record<string, string>>
  /** templates/guest/bootstrap.sh */
  readonly bootstrap: string
  /** The user's setup.sh, when there is one. */
  readonly setup: string | undefined
}

/** Printed by the guest between bootstrap and setup.sh, so that a failure is blamed on the right one. */
export const setupMarker = '::dvm setup.sh::'

const quoted = (text: string): string => (text === '' ? "''" : quoteWord(text))

/**
 * Renders it for `bash -s`, run by Lima's login user (who may sudo). setup.sh is read whole before it starts and gets an
 * empty stdin, so that a command in it which reads stdin does not eat the rest; its line numbers stay its own.
 */
export const renderGuestScript = ({ values, bootstrap, setup }: GuestScript): string => {
  const names = Object.keys(values)
  const end = endMarker(bootstrap)
  return [
    'set -Eeuo pipefail',
    ...names.map((name) => `export ${name}=${quoted(values[name] ?? '')}`),
    `sudo ${['DVM_USER', 'DVM_CODE_DIR', 'DVM_SUBUID_COUNT', 'DVM_SUBGID_COUNT'].map((name) => `${name}="$${name}"`).join(' ')} bash -s <<'${end}'`,
    bootstrap.trimEnd(),
    end,
    ...(setup === undefined
      ? []
      : [`printf '%s\\n' '${setupMarker}'`, 'LINENO=0', '{ :', setup.trimEnd(), '} </dev/null']),
    '',
  ].join('\n')
}

/** A line that the text does not hold. */
const endMarker = (text: string): string => {
  const lines = new Set(text.split('\n'))
  let end = 'DVM_BOOTSTRAP_END'
  while (lines.has(end)) end += '_'
  return end
}
