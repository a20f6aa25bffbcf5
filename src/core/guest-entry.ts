// How a person's command enters a VM as DVM_USER, and a shell a container. The one place with a script as an argument: it is fixed text,
// and values follow it as positional arguments, because stdin belongs to the command.

const scriptFlag = '-c'

/** A login shell where nobody knows which shells there are: bash, or what the image has instead. */
export const loginShell: readonly string[] = [
  'sh',
  scriptFlag,
  'command -v bash >/dev/null && exec bash -l; exec sh -l',
]

/**
 * For a connection that is DVM_USER's own already.
 * @param enterScript templates/guest/enter.sh
 * @param argv empty for a login shell
 */
export const loginArgv = (enterScript: string, directory: string, argv: readonly string[]): string[] => {
  return ['bash', scriptFlag, enterScript, 'dvm', directory, ...argv]
}

/**
 * What a person runs, from Lima's user. Where that is DVM_USER already, it keeps its session, as any other ssh has it: no sudo.
 * @param becomeScript templates/guest/become.sh
 */
export const personArgv = (
  becomeScript: string,
  enterScript: string,
  user: string,
  directory: string,
  argv: readonly string[],
  // Without ~/.bashrc: the shell that sshd started has read it.
): string[] => ['bash', '--norc', scriptFlag, becomeScript + enterScript, 'dvm', user, directory, ...argv]

/** What dvm runs as DVM_USER, from Lima's user, who may sudo: nothing of a person's session is in its way. */
export const entryArgv = (
  enterScript: string,
  user: string,
  directory: string,
  argv: readonly string[],
): string[] => [...asUser(user), ...loginArgv(enterScript, directory, argv)]

/**
 * A fixed script whose stdin and stdout are not a person's. Without ~/.bashrc, which bash reads when its stdin is a socket, as sshd's is:
 * what that prints would be data, and what it reads too.
 */
export const scriptArgv = (script: string, values: readonly string[]): string[] => [
  'bash',
  '--norc',
  scriptFlag,
  script,
  'dvm',
  ...values,
]

/** The same as DVM_USER. */
export const dataScriptArgv = (script: string, user: string, values: readonly string[]): string[] => [
  ...asUser(user),
  ...scriptArgv(script, values),
]

const asUser = (user: string): readonly string[] => ['sudo', '--set-home', '--user', user, '--']
