// The entries that make `ssh PROJECT.VM.dvm` work: a real ssh server in the container, reached over the VM's own entry, so that every tool
// and editor finds what it expects of a host. Pure.
//
// Nothing listens: sshd serves the one connection that is its stdin and stdout (templates/guest/project-ssh/serve.sh). Who got so far is the
// developer in the VM already, by the VM's entry; what is checked here once more, keys both ways, is what ssh itself insists on.
import { createHash } from 'node:crypto'
import { isPublicKey } from './host-keys.ts'
import { isName } from './names.ts'
import { knownHostsFile, loginOptions, renderBlock, sshAlias, sshConfigFile } from './ssh-config.ts'
import { sshCommandWord } from './ssh-syntax.ts'
import { containerOf, targetText, type ProjectTarget } from './target.ts'

/** What a project's entry is made of. */
export interface ProjectSshHost {
  readonly target: ProjectTarget
  /** The account in the container that its image names. */
  readonly account: string
  /** Lima's, as in the VM's entry. */
  readonly identityFiles: readonly string[]
  readonly stateDir: string
  readonly forwardAgent: boolean
}

/** In the container. Its own file system: it stays while the container does, and goes with it. */
export const projectSshDirectory = '/etc/dvm-ssh'

/** What does it, among the templates: the VM's part, the container's, and what that puts there. */
export const projectSshTexts = ['prepare', 'install', 'serve', 'session'].map(
  (name) => `guest/project-ssh/${name}.sh`,
)

/** What a person types after `ssh`. */
export const projectAlias = ({ vm, project }: ProjectTarget): string => `${project}.${sshAlias(vm)}`

/** Host keys of a project's container, and what they were read from. */
export const projectKnownHosts = (stateDir: string, { vm, project }: ProjectTarget): string =>
  knownHostsFile(stateDir, `${project}.${vm}`)

/** As accounts are called: a word that neither ssh nor a shell reads more into. */
export const isAccount = (text: string): boolean => /^[a-z_][\w.-]{0,63}$/i.test(text)

/**
 * For ssh on the host and, after it, for the developer's shell in the VM; words without any meaning to either, whatever shells they are.
 * Starting a container that runs does nothing. Podman looks for its detach keys, two bytes, in what goes in: here it is to look for none.
 */
const proxyCommand = (target: ProjectTarget, stateDir: string): string => {
  const container = containerOf(target)
  const serve = `${projectSshDirectory}/serve ${targetText(target)}`
  return [
    'ssh -F',
    // Not the person's own: which may be another file today (`ssh -F`), and has a `Host *`.
    sshCommandWord(sshConfigFile(stateDir)),
    sshAlias(target.vm),
    `'podman start ${container} </dev/null >/dev/null && exec podman exec --interactive --detach-keys= --user 0 ${container} ${serve}'`,
  ].join(' ')
}

/**
 * A project's entry.
 * @throws DvmError `config` for a path that ssh cannot be told.
 */
export const renderProjectHost = ({ target, account, stateDir, ...host }: ProjectSshHost): string => {
  const { vm, project } = target
  if (!isName(vm) || !isName(project) || !isAccount(account))
    throw new Error(`not names: ${vm}, ${project}, ${account}`)
  return renderBlock(
    projectAlias(target),
    loginOptions({
      ...host,
      user: account,
      stateDir,
      hostKeyAlias: projectAlias(target),
      knownHosts: projectKnownHosts(stateDir, target),
      proxyCommand: proxyCommand(target, stateDir),
      persist: 'no',
      made: [project, vm, account],
    }),
  )
}

/** What is known of a container that ssh was let in to. */
export interface ProjectSshRecord {
  /** Of the container and all that was put into it; see stampOf. */
  readonly stamp: string
  readonly account: string
  readonly hostKey: string
}

/** Equal stamps: what is in the container is what would be put there. */
export const stampOf = (container: string, parts: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify([container, ...parts]))
    .digest('hex')
    .slice(0, 16)

/** A known hosts file, which says in a comment what it was read from: so that a sync which finds nothing new asks no container. */
export const renderProjectRecord = (
  target: ProjectTarget,
  { stamp, account, hostKey }: ProjectSshRecord,
): string => `# ${stamp} ${account}\n${projectAlias(target)} ${hostKey}\n`

/** Undefined for a text that is none. */
export const parseProjectRecord = (
  target: ProjectTarget,
  text: string | undefined,
): ProjectSshRecord | undefined => {
  const [, stamp = '', account = '', alias, hostKey = ''] =
    /^# ([0-9a-f]{16}) (\S+)\n(\S+) ([^\n]+)\n$/.exec(text ?? '') ?? []
  return alias === projectAlias(target) && isAccount(account) && isPublicKey(hostKey)
    ? { stamp, account, hostKey }
    : undefined
}
