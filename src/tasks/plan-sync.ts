// What a sync of a VM goes by: its files, and what it is made from when there is none. `--dry-run` prints it.
import { join } from 'node:path'
import { renderCommand } from '../core/command.ts'
import { portText, type VmConfig } from '../core/config.ts'
import { DvmError } from '../core/errors.ts'
import { instanceOf } from '../core/names.ts'
import { checkPorts } from '../core/project.ts'
import { gib, sizeText } from '../core/sizes.ts'
import { targetText, type Target } from '../core/target.ts'
import type { CreateSpec } from '../ports/lima/index.ts'
import { findBaseImage, type BaseImage } from './base-image.ts'
import type { Deps } from './deps.ts'
import { checkConfigured, type Typed } from './known-names.ts'
import { defaultImage, loadProjects, type Project } from './projects.ts'
import { configStamp, loadVmConfig } from './vm-config.ts'

export interface SyncPlan {
  readonly vm: string
  readonly config: VmConfig
  /** Of the files that it was read from. */
  readonly stamp: string
  readonly setup: { readonly path: string; readonly text: string } | undefined
  readonly projects: readonly Project[]
}

/** What a VM that does not exist yet is made from. One that exists needs no base, not even a good one. */
export interface Creation {
  readonly base: BaseImage
  readonly spec: CreateSpec
}

/** What `--dry-run` prints: nothing was called. */
export interface DryRun {
  readonly vm: string
  readonly base: string
  readonly commands: readonly string[]
  /** Its path; null without one. */
  readonly setup: string | null
  readonly projects: readonly { readonly name: string; readonly image: string }[]
}

/** Reads what a sync of that VM would go by, before anything is touched. */
export const planSync = async (
  deps: Deps,
  target: Target,
  typed: Typed = (near) => `dvm sync ${targetText(near)}`,
): Promise<SyncPlan> => {
  const { vm, project } = target
  await checkConfigured(deps, target, typed)
  // Before they are read: what is saved meanwhile is then news to the next look.
  const stamp = await configStamp(deps, vm)
  const [config, setup, projects] = await Promise.all([
    loadVmConfig(deps, vm),
    readSetup(deps, join(deps.env.configDir, 'vms', vm, 'setup.sh')),
    loadProjects(deps, vm, project, typed),
    // Looked at now, so that no VM is made for settings that make no sense.
    deps.network(),
  ])
  const names = projects.map((each) => ({ name: targetText(each.target), ports: each.config.ports }))
  checkPorts(vm, config.ports, names)
  return { vm, config, stamp, setup, projects }
}

/** What it would be made from. */
export const planCreation = async (deps: Deps, { vm, config }: SyncPlan): Promise<Creation> => {
  const base = await findBaseImage(deps)
  const spec: CreateSpec = {
    name: instanceOf(vm),
    template: base.kind === 'template' ? base.template : join(deps.env.stateDir, vm, 'lima.yaml'),
    cpus: config.cpus,
    memory: config.memory,
    disk: config.disk,
    ...(config.vmType === undefined ? {} : { vmType: config.vmType }),
    portForwards: config.ports.map(portText),
  }
  return { base, spec }
}

const readSetup = async (deps: Deps, path: string): Promise<SyncPlan['setup']> => {
  const text = await deps.files.text(path)
  if (text === undefined) return undefined
  await deps.checkOwnership(path, deps.env.configDir)
  return { path, text }
}

/** @throws DvmError as `sync` does for names and configuration. */
export const dryRunSync = async (deps: Deps, vm: string, project?: string): Promise<DryRun> => {
  const plan = await planSync(deps, { vm, project }, (near) => `dvm sync ${targetText(near)} --dry-run`)
  const image = plan.projects.length === 0 ? '' : await defaultImage(deps, plan.config)
  const { base, spec } = await planCreation(deps, plan)
  return {
    vm,
    base: base.kind === 'template' ? base.template : base.location,
    commands: [
      renderCommand(deps.lima.createCommand(spec)),
      renderCommand(deps.lima.startCommand(spec.name)),
    ],
    setup: plan.setup?.path ?? null,
    projects: plan.projects.map(({ target, config }) => ({
      name: target.project,
      image: config.image ?? image,
    })),
  }
}

/** @throws DvmError `config` when the VM's disk would be smaller than the base */
export const checkFits = (config: VmConfig, base: BaseImage): void => {
  if (base.kind === 'template' || config.disk * gib >= base.virtualSize) return
  throw new DvmError(
    'config',
    `DVM_DISK is ${config.disk} GiB, but the base is a disk of ${sizeText(base.virtualSize)}`,
    { hint: `DVM_DISK=${Math.ceil(base.virtualSize / gib)} or more` },
  )
}

/**
 * Writes the Lima template of a VM that is made from a disk.
 * @throws as `checkFits`
 */
export const writeDocument = async (
  deps: Deps,
  config: VmConfig,
  base: BaseImage,
  path: string,
): Promise<void> => {
  if (base.kind === 'template') return
  checkFits(config, base)
  // Only a VM that is made needs the YAML printer, and it costs as much as the rest of a sync that finds all in place.
  const { renderInstance } = await import('../core/instance-yaml.ts')
  const template = await deps.assets.text('lima.yaml')
  await deps.files.write(path, renderInstance(template, { location: base.location, arch: deps.host.arch }))
}
