// `dvm sync VM`: one look at Lima, then create / start / nothing, then one round trip into the guest.
import { join } from 'node:path'
import { renderCommand } from '../core/command.ts'
import type { VmConfig } from '../core/config.ts'
import { DvmError, withLog } from '../core/errors.ts'
import { checkVmName, instanceOf } from '../core/names.ts'
import { gib, sizeText } from '../core/sizes.ts'
import { actionFor, configDrift } from '../core/sync-plan.ts'
import type { ProjectTarget } from '../core/target.ts'
import type { CreateSpec, Instance } from '../ports/lima/index.ts'
import { findBaseImage, type BaseImage } from './base-image.ts'
import { checkKnown, findInstance } from './builder-vm.ts'
import type { Deps } from './deps.ts'
import { locked } from './locked.ts'
import { prepareGuest, stopGuestWork, stopUnheardWork } from './guest.ts'
import { checkConfigured } from './known-names.ts'
import { defaultImage, failedToo, loadProjects, projectSteps, type Project } from './projects.ts'
import { keepSshHost } from './ssh-kept.ts'
import { startVm } from './start-vm.ts'
import type { Step, StepVoice } from './steps.ts'
import { loadVmConfig } from './vm-config.ts'

export interface SyncOptions {
  readonly wait: boolean
  /** Only this project. */
  readonly project?: string | undefined
  /** False leaves out the VM's own setup.sh where the VM runs already. */
  readonly setup?: boolean
}

interface Plan {
  readonly vm: string
  readonly config: VmConfig
  readonly setup: { readonly path: string; readonly text: string } | undefined
  readonly projects: readonly Project[]
}

/** What a VM that does not exist yet is made from. One that exists needs no base, not even a good one. */
interface Creation {
  readonly base: BaseImage
  readonly spec: CreateSpec
}

/** What `--dry-run` prints: nothing was called. */
export interface DryRun {
  readonly vm: string
  readonly base: string
  readonly commands: readonly string[]
  readonly setup: string
  /** `NAME (image)` */
  readonly projects: readonly string[]
}

/** Reads what a sync of that VM would go by, before anything is touched. */
export const planSync = async (deps: Deps, vm: string, project?: string): Promise<Plan> => {
  await checkConfigured(deps, vm, (name) => `dvm sync ${name}`)
  const [config, setup, projects] = await Promise.all([
    loadVmConfig(deps, vm),
    readSetup(deps, join(deps.env.configDir, 'vms', vm, 'setup.sh')),
    loadProjects(deps, vm, project),
    // Looked at now, so that no VM is made for settings that make no sense.
    deps.network(),
  ])
  return { vm, config, setup, projects }
}

const planCreation = async (deps: Deps, { vm, config }: Plan): Promise<Creation> => {
  const base = await findBaseImage(deps)
  const spec: CreateSpec = {
    name: instanceOf(vm),
    template: base.kind === 'template' ? base.template : join(deps.env.stateDir, vm, 'lima.yaml'),
    cpus: config.cpus,
    memory: config.memory,
    disk: config.disk,
    ...(config.vmType === undefined ? {} : { vmType: config.vmType }),
    portForwards: config.ports.map(({ host, guest }) => `${host}:${guest}`),
  }
  return { base, spec }
}

const readSetup = async (deps: Deps, path: string): Promise<Plan['setup']> => {
  const text = await deps.files.text(path)
  if (text === undefined) return undefined
  await deps.checkOwnership(path, deps.env.configDir)
  return { path, text }
}

/** @throws DvmError as `sync` does for names and configuration. */
export const dryRunSync = async (deps: Deps, vm: string, project?: string): Promise<DryRun> => {
  const plan = await planSync(deps, vm, project)
  const image = plan.projects.length === 0 ? '' : await defaultImage(deps, plan.config)
  const { base, spec } = await planCreation(deps, plan)
  return {
    vm,
    base: base.kind === 'template' ? base.template : base.location,
    commands: [
      renderCommand(deps.lima.createCommand(spec)),
      renderCommand(deps.lima.startCommand(spec.name)),
    ],
    setup: plan.setup?.path ?? '<none>',
    projects: plan.projects.map(({ target, config }) => `${target.project} (${config.image ?? image})`),
  }
}

/**
 * Brings a VM up to what its configuration says.
 * @throws DvmError; a VM that this run created and that did not come up is removed again.
 */
export const syncVm = async (deps: Deps, vm: string, options: SyncOptions): Promise<void> => {
  checkVmName(vm, deps.env.builder.instance)
  // Asked while the configuration is read. Good enough for a VM that runs; anything else is looked at again under the lock.
  const [plan, early] = await Promise.all([
    planSync(deps, vm, options.project),
    findInstance(deps, instanceOf(vm)),
  ])
  let waited = false
  await locked(
    deps,
    `vm:${vm}`,
    async () => {
      const ready = !waited && early?.status === 'Running'
      const setup = ready && options.setup === false ? undefined : plan.setup
      await runSync(deps, { ...plan, setup }, ready ? early : await findInstance(deps, instanceOf(vm)))
    },
    {
      wait: options.wait,
      onWait: () => {
        waited = true
      },
    },
  )
}

const runSync = async (deps: Deps, plan: Plan, found: Instance | undefined): Promise<void> => {
  const { vm, config, setup, projects } = plan
  const name = instanceOf(vm)
  const log = deps.logs.open(deps.logs.pathOf(vm, 'lima'))
  // Both logs are of this sync, also when it does not come as far as setup.sh.
  deps.logs.open(deps.logs.pathOf(vm, 'setup')).close()
  const write = (line: string): void => log.line(line)
  let instance = found
  let created = false
  checkKnown(instance)
  const action = actionFor(instance?.status)
  const start = async (voice: StepVoice): Promise<void> => {
    voice.progress('waiting for the VM to come up')
    await startVm(deps, mustRun(instance ?? (await findInstance(deps, name)), vm), write)
    instance = await findInstance(deps, name)
  }
  const steps: Step[] = []
  if (action === 'create')
    steps.push({
      title: `Create ${vm}`,
      run: async (voice) => {
        const { base, spec } = await planCreation(deps, plan)
        await writeDocument(deps, config, base, spec.template)
        await deps.lima.create(spec, write)
        created = true
        await deps.state.write(vm, {
          // Undefined forgets what an earlier VM of this name was made from.
          generation: base.kind === 'disk' ? base.generation : undefined,
          baseImage: base.kind === 'disk' ? base.location : base.template,
          createdAt: new Date().toISOString(),
          devBase: undefined,
        })
        await start(voice)
      },
      undo: async () => {
        // Only what this run made (or was making when it was interrupted) and what never came up: once it ran, it may hold work.
        if ((created || deps.signal.aborted) && instance?.status !== 'Running')
          await deps.undo.lima.delete(name, { force: true }, write)
      },
    })
  else if (action === 'start') steps.push({ title: `Start ${vm}`, run: start })
  else if (action === 'restart')
    steps.push({
      title: `Restart ${vm}`,
      run: async (voice) => {
        voice.note(`Lima says that it is ${instance?.status === '' ? 'in no known state' : instance?.status}`)
        await deps.lima.stop(name, { force: true }, write).catch((error: unknown) => write(String(error)))
        await start(voice)
      },
    })
  steps.push({
    title: setup === undefined ? `Prepare ${vm}` : `Prepare ${vm} and run its setup.sh`,
    run: async (voice) => {
      const running = mustRun(instance, vm)
      // A VM that was started for this runs nothing of the last one.
      if (action === 'none') await stopUnheardWork(deps, vm, running, voice)
      const hostKeys: string[] = []
      const onHostKey = (key: string): void => void hostKeys.push(key)
      try {
        await prepareGuest(deps, { vm, config, instance: running, setup, onHostKey }, voice)
      } finally {
        // Also when setup.sh failed: the VM runs, on a new port, and ssh is a way to look into it.
        await keepSshHost(deps, { vm, config, instance: running }, hostKeys)
      }
    },
    undo: async () => {
      // Steps after this one run in the guest as well.
      if (deps.signal.aborted && instance !== undefined) await stopGuestWork(deps, vm, instance)
    },
  })
  const place = () => ({ instance: mustRun(instance, vm), user: config.user })
  const failed: [ProjectTarget, unknown][] = []
  const onFailure = (target: ProjectTarget, error: unknown): void => void failed.push([target, error])
  steps.push(...projectSteps({ deps, vm, config, projects, place, onFailure }))
  try {
    await deps.runSteps(steps)
  } catch (error) {
    // The first one is the run's failure.
    for (const [target, other] of deps.signal.aborted ? [] : failed)
      if (other !== error) deps.report.warn(failedToo(target, other))
    throw withLog(error, log)
  } finally {
    log.close()
  }
  const { cpus, memory, disk } = config
  await deps.state.write(vm, { config: { cpus, memory, disk } })
  const drift = instance === undefined ? [] : configDrift(config, instance)
  if (action !== 'create' && drift.length > 0)
    deps.report.note(
      `${vm} keeps what it was created with: ${drift.join(', ')}; to change it: dvm recreate ${vm} --yes`,
    )
}

const mustRun = (instance: Instance | undefined, vm: string): Instance => {
  if (instance !== undefined) return instance
  throw new DvmError('failed', `${vm} vanished while it was synced`, { hint: `dvm sync ${vm}` })
}

const writeDocument = async (deps: Deps, config: VmConfig, base: BaseImage, path: string): Promise<void> => {
  if (base.kind === 'template') return
  if (config.disk * gib < base.virtualSize)
    throw new DvmError(
      'config',
      `DVM_DISK is ${config.disk} GiB, but the base is a disk of ${sizeText(base.virtualSize)}`,
      {
        hint: `DVM_DISK=${Math.ceil(base.virtualSize / gib)} or more`,
      },
    )
  // Only a VM that is made needs the YAML printer, and it costs as much as the rest of a sync that finds all in place.
  const { renderInstance } = await import('../core/instance-yaml.ts')
  const template = await deps.assets.text('lima.yaml')
  await deps.files.write(path, renderInstance(template, { location: base.location, arch: deps.host.arch }))
}
