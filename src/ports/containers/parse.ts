// Reads what podman prints as JSON. Pure.
import { DvmError } from '../../core/errors.ts'
import { defaultWorkdir, parseSpec, type ContainerSpec } from '../../core/project.ts'
import { isPublicKey } from '../../core/host-keys.ts'
import { isAccount } from '../../core/project-ssh.ts'
import { parseSections } from '../../core/sections.ts'
import { labels } from './argv.ts'
import type { PreparedSsh } from './types.ts'

export interface ProjectContainer {
  readonly id: string
  /** By its label, or by its name when an older dvm made it. */
  readonly project: string
  readonly name: string
  /** Podman's word: running, exited, created, paused, ... */
  readonly state: string
  readonly image: string
  readonly imageId: string
  /** What it was made from; undefined when no dvm wrote it down. */
  readonly spec: ContainerSpec | undefined
  /** Where its workspace is. */
  readonly workdir: string
}

type Json = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null
const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The container of an older dvm has no label: its workspace is all that is mounted in it. */
const mounted = (value: unknown): string =>
  (Array.isArray(value) && value.length === 1 && text(value[0])) || defaultWorkdir

const projectOf = (vm: string, name: string): string => name.slice(`dvm-${vm}-`.length)

/** @throws DvmError `failed`: something else than podman answers to its name, or spoke in between. */
const parseList = (json: string, vm: string, command: string): readonly Json[] => {
  try {
    const found: unknown = json.trim() === '' ? [] : JSON.parse(json)
    return (Array.isArray(found) ? found : []).filter(isRecord)
  } catch (cause) {
    throw new DvmError('failed', `${vm}: what podman says is no JSON`, {
      hint: `see what it says: dvm ssh ${vm} -- ${command}`,
      tail: json.split('\n').slice(-5),
      cause,
    })
  }
}

/** `podman ps --format json`: an array, `[]` or nothing at all when there are none. */
export const parseContainers = (json: string, vm: string): readonly ProjectContainer[] => {
  const found = parseList(json, vm, 'podman ps --all --format json')
  const containers = found.map((container): ProjectContainer => {
    const { Id: id, Names: names, State: state, Image: image, ImageID: imageId, Labels, Mounts } = container
    const label = isRecord(Labels) ? Labels : {}
    const name = Array.isArray(names) ? text(names[0]) : text(names)
    const spec = parseSpec(text(label[labels.spec]))
    return {
      id: text(id),
      project: text(label[labels.project]) || projectOf(vm, name),
      name,
      state: text(state),
      image: text(image),
      imageId: text(imageId),
      spec,
      workdir: spec?.workdir ?? mounted(Mounts),
    }
  })
  return containers.filter(({ name }) => name !== '')
}

/** What was asked with `inspectArgs`, in the last line: the developer's shell may have said something as it started. */
export const parseInspected = (
  output: string,
): { readonly running: boolean; readonly workdir: string | undefined } => {
  const [, running, workdir = ''] = /(?:^|\n)(true|false) ?(\/.*)?\n*$/.exec(output) ?? []
  return { running: running === 'true', workdir: workdir === '' ? undefined : workdir }
}

/** The workspace of a project whose container is gone. */
export interface KeptVolume {
  readonly name: string
  readonly project: string
  /** Undefined when nobody could look. */
  readonly repository: boolean | undefined
}

/** What templates/guest/workspaces.sh says of volumes: `NAME repository|nothing|unknown`, a line each. */
export const parseVolumes = (lines: string, vm: string): readonly KeptVolume[] =>
  [...lines.matchAll(/^(dvm-\S+) (repository|nothing|unknown)$/gm)].map(([, name = '', holds]) => ({
    name,
    project: projectOf(vm, name),
    repository: holds === 'unknown' ? undefined : holds === 'repository',
  }))

export interface LabelledImage {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  readonly names: readonly string[]
}

/** `podman images --format json` */
export const parseImages = (json: string, vm: string): readonly LabelledImage[] =>
  parseList(json, vm, 'podman images --format json').map(({ Id, Labels, Names }) => ({
    id: text(Id),
    labels: isRecord(Labels)
      ? Object.fromEntries(Object.entries(Labels).map(([name, value]) => [name, text(value)]))
      : {},
    names: Array.isArray(Names) ? Names.map(text) : [],
  }))

/** What templates/guest/project-ssh/ prints. Its account and key come from the container: only what looks like one is one. */
export const parsePreparedSsh = (output: string): PreparedSsh | undefined => {
  const sections = parseSections(output)
  const [container = '', account = '', hostKey = ''] = ['container', 'account', 'key'].map(
    (name) => sections.get(name)?.value,
  )
  return /^[0-9a-f]{64}$/.test(container) && isAccount(account) && isPublicKey(hostKey)
    ? { container, account, hostKey }
    : undefined
}
