// `dvm ls`: VMs as they are, beside what they should be. From Lima's list and the host's files alone: no VM is asked, and no bash is run
// unless a configuration was edited after its VM was synced, and then once.
import { join } from 'node:path'
import { isVmName, vmOfInstance } from '../core/names.ts'
import { configDrift, portDrift } from '../core/sync-plan.ts'
import type { VmState, WantedConfig } from '../core/vm-state.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { configuredVms } from './known-names.ts'
import { configuredProjects } from './project-names.ts'
import { wantedConfig } from './wanted-config.ts'

export interface VmRow {
  readonly name: string
  readonly instance: string
  readonly state: string
  readonly cpus: number
  /** bytes */
  readonly memory: number
  /** bytes */
  readonly disk: number
  /** Bytes that it takes on this machine; null when nobody can tell. */
  readonly diskUsed: number | null
  /** How the configuration has moved on from what it was created with; empty for a VM that this dvm has never synced. */
  readonly drift: readonly string[]
  /** The generation that it was made from; null when it was none, or is not known. */
  readonly generation: string | null
  /** True when another base is current now. */
  readonly behind: boolean
  readonly configured: boolean
  /** Hash of the dev-base in it, null without one. */
  readonly devBase: string | null
  /** True when the base directory describes another dev-base now. */
  readonly devBaseBehind: boolean
  /** Configured projects. */
  readonly projects: readonly string[]
}

/** Users' VMs among Lima's instances. */
export const vmNames = (
  deps: Deps,
  instances: readonly Instance[],
): readonly (readonly [string, Instance])[] =>
  instances
    .map((instance) => [vmOfInstance(instance.name, deps.env.builder.instance), instance] as const)
    .filter((entry): entry is readonly [string, Instance] => entry[0] !== undefined)

export const isConfigured = (deps: Deps, vm: string): Promise<boolean> =>
  deps.files.isDirectory(join(deps.env.configDir, 'vms', vm))

/** Names that have a configuration and, by these rows, no VM. */
export const unmadeVms = async (deps: Deps, rows: readonly VmRow[]): Promise<readonly string[]> => {
  const made = new Set(rows.map(({ name }) => name))
  return (await configuredVms(deps)).filter(
    (name) => !made.has(name) && isVmName(name, deps.env.builder.instance),
  )
}

/** What the host knows of a VM. */
interface Known {
  readonly state: VmState | undefined
  readonly wanted: WantedConfig | undefined
  readonly projects: readonly string[]
}

const look = async (deps: Deps, vm: string): Promise<Known> => {
  const [state, projects] = await Promise.all([deps.state.read(vm), configuredProjects(deps, vm)])
  return { state, wanted: await wantedConfig(deps, vm, state?.config), projects }
}

const unconfigured = async (deps: Deps, vm: string): Promise<Known> => ({
  state: await deps.state.read(vm),
  wanted: undefined,
  projects: [],
})

const lookAtConfigured = async (deps: Deps): Promise<ReadonlyMap<string, Known>> =>
  new Map(
    await Promise.all((await configuredVms(deps)).map(async (vm) => [vm, await look(deps, vm)] as const)),
  )

const driftOf = (
  instance: Instance,
  state: VmState | undefined,
  wanted: WantedConfig | undefined,
): string[] =>
  wanted === undefined ? [] : [...configDrift(wanted, instance), ...portDrift(state?.ports, wanted.ports)]

export const listVms = async (
  deps: Deps,
  options: { readonly onlyConfigured: boolean },
): Promise<readonly VmRow[]> => {
  // Beside Lima's list, which takes longer.
  const [instances, current, known] = await Promise.all([
    deps.lima.list(),
    deps.store.current(),
    lookAtConfigured(deps),
  ])
  const found = vmNames(deps, instances)
  const rows = await Promise.all(
    found.map(async ([name, instance]): Promise<VmRow> => {
      const { state, wanted, projects } = known.get(name) ?? (await unconfigured(deps, name))
      const diskUsed = await deps.files.allocated(join(instance.dir, 'disk'))
      const generation = state?.generation ?? null
      return {
        name,
        instance: instance.name,
        state: instance.status === '' ? 'Unknown' : instance.status,
        cpus: instance.cpus,
        memory: instance.memory,
        disk: instance.disk,
        diskUsed: diskUsed ?? null,
        drift: driftOf(instance, state, wanted),
        generation,
        behind: generation !== null && current !== undefined && current.metadata.generation !== generation,
        configured: known.has(name),
        devBase: state?.devBase ?? null,
        devBaseBehind: false,
        projects,
      }
    }),
  )
  const kept = rows
    .filter((row) => row.configured || !options.onlyConfigured)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  if (kept.every(({ devBase }) => devBase === null)) return kept
  // Only who has a dev-base pays for reading what it would be made from now.
  const { planDevBase } = await import('./dev-base.ts')
  const plan = await planDevBase(deps).catch(() => undefined)
  return kept.map((row) => ({
    ...row,
    devBaseBehind: row.devBase !== null && plan !== undefined && plan.hash !== row.devBase,
  }))
}
