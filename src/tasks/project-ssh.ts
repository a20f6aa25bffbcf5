// The ssh entries of projects: ssh let in to the container, its host key noted, its place in dvm's own file.
import { DvmError } from '../core/errors.ts'
import { parsePublicKey } from '../core/host-keys.ts'
import {
  parseProjectRecord,
  projectAlias,
  projectKnownHosts,
  projectSshTexts,
  renderProjectHost,
  renderProjectRecord,
  stampOf,
  type ProjectSshRecord,
} from '../core/project-ssh.ts'
import { putHost } from '../core/ssh-config.ts'
import type { ProjectTarget } from '../core/target.ts'
import type { Deps } from './deps.ts'
import { changeFile, writeIfNew, type SshVm } from './ssh-hosts.ts'

export interface SshProject extends Pick<SshVm, 'config' | 'instance'> {
  readonly target: ProjectTarget
  /** The id of the container, which runs; undefined for one that was made just now. */
  readonly container: string | undefined
  /** Where sessions begin. */
  readonly workdir: string
}

/** Lima's keys, as the entry offers them: who else should be let in? */
const publicKeys = async (
  { files }: Pick<Deps, 'files'>,
  identities: readonly string[],
): Promise<readonly string[]> => {
  const texts = await Promise.all(identities.map((path) => files.text(`${path}.pub`)))
  const keys = texts.flatMap((text) => parsePublicKey(text ?? '') ?? [])
  if (keys.length > 0) return keys
  throw new DvmError('failed', `Lima's public key is not beside ${identities.join(', ')}`)
}

const identitiesOf = async (deps: Deps, { instance }: Pick<SshVm, 'instance'>): Promise<readonly string[]> =>
  (await deps.lima.endpoint(instance))?.identityFiles ?? []

const recordOf = async (
  deps: Pick<Deps, 'env' | 'files'>,
  target: ProjectTarget,
): Promise<ProjectSshRecord | undefined> =>
  parseProjectRecord(target, await deps.files.text(projectKnownHosts(deps.env.stateDir, target)))

const entryOf = async (
  deps: Deps,
  { target, config, instance }: Pick<SshProject, 'target' | 'config' | 'instance'>,
  { account }: ProjectSshRecord,
): Promise<string> =>
  renderProjectHost({
    target,
    account,
    identityFiles: await identitiesOf(deps, { instance }),
    stateDir: deps.env.stateDir,
    forwardAgent: config.forwardAgent,
  })

/** The entry as it is known; undefined before ssh was ever let in. For a container that cannot be asked. */
export const knownProjectHost = async (
  deps: Deps,
  about: Pick<SshProject, 'target' | 'config' | 'instance'>,
): Promise<string | undefined> => {
  const record = await recordOf(deps, about.target)
  return record && entryOf(deps, about, record)
}

/**
 * The entry of a project whose container runs. ssh is let in and the host key noted, unless it is known that nothing has changed: then
 * nothing is asked.
 * @throws DvmError `failed` when the container cannot be prepared.
 */
export const projectHost = async (deps: Deps, about: SshProject): Promise<string> => {
  const { target, config, instance, container, workdir } = about
  const keys = await publicKeys(deps, await identitiesOf(deps, about))
  const texts = await Promise.all(projectSshTexts.map((path) => deps.assets.text(path)))
  const stamp = (id: string): string => stampOf(id, [workdir, ...keys, ...texts])
  let record = await recordOf(deps, target)
  if (record === undefined || container === undefined || record.stamp !== stamp(container)) {
    const place = { instance, user: config.user }
    const prepared = await deps.containers.prepareSsh(place, target, { workdir, keys })
    record = { ...prepared, stamp: stamp(prepared.container) }
    await writeIfNew(deps, projectKnownHosts(deps.env.stateDir, target), renderProjectRecord(target, record))
  }
  return entryOf(deps, about, record)
}

/** @throws DvmError as projectHost does. */
export const updateProjectHost = async (deps: Deps, about: SshProject): Promise<void> => {
  const entry = await projectHost(deps, about)
  await changeFile(deps, (text) => putHost(text, projectAlias(about.target), entry))
}

export const removeProjectHost = (deps: Deps, target: ProjectTarget): Promise<void> =>
  changeFile(deps, (text) => putHost(text, projectAlias(target), undefined))
