// Podman in memory for tests of tasks: as strict as the real one about names that are taken or missing.
import assert from 'node:assert/strict'
import { devBaseTag } from '../../src/core/dev-base.ts'
import type { ContainerSpec } from '../../src/core/project.ts'
import { containerOf, type ProjectTarget } from '../../src/core/target.ts'
import type {
  Containers,
  KeptVolume,
  LabelledImage,
  ProjectContainer,
} from '../../src/ports/containers/index.ts'

export interface MemoryPodman {
  ready: boolean
  readonly containers: Map<string, ProjectContainer>
  devBases: LabelledImage[]
  readonly calls: string[]
  /** Volumes without a container. */
  kept: KeptVolume[]
  /** Exit codes of scripts, by container. */
  readonly scripts: Map<string, number>
  /** What looks for unsaved work find, by container. */
  readonly work: Map<string, string>
  /** Runs before each call does anything; what it throws is the call's failure. */
  at: (call: string) => void
  readonly fed: string[]
  /** Accounts that images name, by container; root where there is none. */
  readonly accounts: Map<string, string>
}

/** The host key of a container. */
export const hostKeyOf = (id: string): string => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5${id.slice(-4)}`

export const memoryPodman = (): { podman: MemoryPodman; port: Containers } => {
  let count = 0
  const podman: MemoryPodman = {
    ready: false,
    containers: new Map(),
    devBases: [],
    calls: [],
    kept: [],
    scripts: new Map(),
    work: new Map(),
    at: () => undefined,
    fed: [],
    accounts: new Map(),
  }
  const set = (target: ProjectTarget, state: string, spec?: ContainerSpec): void => {
    const name = containerOf(target)
    const before = podman.containers.get(name)
    const made = spec ?? before?.spec
    assert.ok(made, `${name} is not there`)
    podman.containers.set(name, {
      id: before?.id ?? String((count += 1)).padStart(64, '0'),
      project: target.project,
      name,
      state,
      image: made.image,
      imageId:
        before?.imageId ??
        (made.image === devBaseTag ? podman.devBases[0]?.id : undefined) ??
        `id of ${made.image}`,
      spec: made,
      workdir: made.workdir,
    })
  }
  const call = async (text: string): Promise<void> => {
    podman.calls.push(text)
    await Promise.resolve()
    podman.at(text)
  }
  const port: Containers = {
    state: async () => {
      await call('state')
      return { ready: podman.ready, containers: [...podman.containers.values()], devBases: podman.devBases }
    },
    workspaces: async () => {
      await call('workspaces')
      return { containers: [...podman.containers.values()], kept: podman.kept }
    },
    prepare: async () => {
      await call('prepare')
      podman.ready = true
    },
    buildDevBase: async (_, vm, { hash, from, noCache }) => {
      await call(`build in ${vm} ${hash.slice(0, 4)} ${from.slice(0, 30)}${noCache ? ' without cache' : ''}`)
      podman.devBases = [{ id: `built ${hash}`, labels: { 'dvm.hash': hash }, names: [devBaseTag] }]
    },
    load: async (_, vm, archive) => {
      const parts: unknown[] = []
      for await (const part of archive) parts.push(part)
      await call(`load ${parts.join('')} into ${vm}`)
    },
    pull: async (_, target, image) => {
      await call(`pull ${image} for ${containerOf(target)}`)
    },
    create: async (_, target, spec) => {
      assert.ok(!podman.containers.has(containerOf(target)), 'the name is taken')
      await call(`create ${containerOf(target)} ${spec.image}`)
      set(target, 'running', spec)
    },
    start: async (_, target) => {
      await call(`start ${containerOf(target)}`)
      set(target, 'running')
    },
    stop: async (_, target) => {
      await call(`stop ${containerOf(target)}`)
      if (podman.containers.get(containerOf(target))?.state !== 'running') return false
      set(target, 'exited')
      return true
    },
    remove: async (_, target, { keepVolume }) => {
      await call(`remove ${containerOf(target)}${keepVolume ? ' but not its volume' : ''}`)
      return podman.containers.delete(containerOf(target))
    },
    prepareSsh: async (_, target, { workdir, keys }) => {
      const name = containerOf(target)
      await call(`let ssh in to ${name} in ${workdir} with ${keys.join(', ')}`)
      const found = podman.containers.get(name)
      assert.equal(found?.state, 'running', name)
      return {
        container: found.id,
        account: podman.accounts.get(name) ?? 'root',
        hostKey: hostKeyOf(found.id),
      }
    },
    script: async (_, target, workdir, script) => {
      await call(`script ${containerOf(target)} in ${workdir}`)
      podman.fed.push(script)
      const exitCode = podman.scripts.get(containerOf(target)) ?? 0
      return {
        command: '',
        exitCode,
        code: undefined,
        stdout: script.includes('refs/stash') ? (podman.work.get(containerOf(target)) ?? '') : '',
        stderr: exitCode === 127 ? 'Error: crun: executable file `bash` not found in $PATH\n' : '',
        timedOut: false,
        canceled: false,
      }
    },
    workdir: (_, target) => Promise.resolve(podman.containers.get(containerOf(target))?.workdir),
    attach: () => Promise.resolve(0),
    logs: () => Promise.resolve(0),
  }
  return { podman, port }
}
