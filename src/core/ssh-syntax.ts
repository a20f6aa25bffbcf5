// Values in an ssh configuration file: quoted, so that none of them is ever read as syntax. Pure.
import { DvmError } from './errors.ts'

const unwritable = (value: string, why: string): DvmError =>
  new DvmError('config', `${JSON.stringify(value)} cannot be written into an ssh configuration: ${why}`, {
    hint: 'use a path without that (DVM_STATE_DIR, LIMA_HOME)',
  })

/**
 * One word as ssh's own tokenizer reads it: double quotes, with a backslash before `"` and `\` (OpenSSH 8.7; older ones know no escapes).
 * @throws DvmError `config` for a line break, which no quoting carries.
 */
export const sshWord = (value: string): string => {
  if (/[\r\n]/.test(value)) throw unwritable(value, 'it has a line break in it')
  return `"${value.replaceAll(/[\\"]/g, String.raw`\$&`)}"`
}

/** ssh expands `${NAME}` in paths, and has no way to write one that is meant as it stands. */
const noVariable = (path: string): string => {
  if (path.includes('${')) throw unwritable(path, 'ssh would read ${ as a variable')
  return path
}

/**
 * A path where ssh expands % tokens: IdentityFile, UserKnownHostsFile, ControlPath.
 * @throws DvmError `config` for a path that cannot be written.
 */
export const sshPath = (path: string): string => sshWord(noVariable(path).replaceAll('%', '%%'))

/**
 * A path for `Include`, which is a glob.
 * @throws DvmError `config` for a path that cannot be written.
 */
export const sshInclude = (path: string): string => {
  // Older ssh takes a % as it stands, newer (9.9) as a token: no spelling means the same to both.
  if (path.includes('%')) throw unwritable(path, 'versions of ssh disagree about % in Include')
  return sshWord(noVariable(path).replaceAll(/[\\*?[\]{}]/g, String.raw`\$&`))
}

const inQuotes = (part: string): string =>
  part.startsWith("'")
    ? `"${part}"`
    : part.startsWith('\\')
      ? `"${part.replaceAll('\\', '\\\\')}"`
      : `'${part}'`

/**
 * One word of a ProxyCommand. Three read it: ssh's own tokenizer, which only counts quotes but takes a backslash before one for an escape
 * wherever it stands; ssh's expansion of %; and the person's shell, which may be fish. So backslashes and single quotes are kept apart,
 * each in double quotes, where all of them agree.
 * @throws DvmError `config` for a line break, which no quoting carries.
 */
export const sshCommandWord = (word: string): string => {
  if (/[\r\n]/.test(word)) throw unwritable(word, 'it has a line break in it')
  return /^[\w./@:,+-]+$/.test(word)
    ? word
    : word.replaceAll(/'+|\\+|[^'\\]+/g, inQuotes).replaceAll('%', '%%')
}
