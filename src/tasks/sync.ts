// `dvm sync VM`: one look at Lima, then create / start / nothing, then one round trip into the guest.
import { portText } from '../core/config.ts'
import { DvmError, messageOf, withLog } from '../core/errors.ts'
import { checkVmName, instanceOf } from '../core/names.ts'
import { actionFor, configDrift, portDrift } from '../core/sync-plan.ts'
import type { ProjectTarget } from '../core/target.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { VmStatePatch } from '../ports/state.ts'
import { checkKnown, findInstance } from './builder-vm.ts'
import type { Deps } from './deps.ts'
import { locked } from './locked.ts'
import { prepareGuest, stopGuestWork, stopUnheardWork } from './guest.ts'
import { planCreation, planSync, writeDocument, type SyncPlan } from './plan-sync.ts'
import { tellOddProjects } from './project-names.ts'
import { failedToo, projectSteps, type Anew } from './projects.ts'
import { keepSshHost } from './ssh-kept.ts'
import { startVm } from './start-vm.ts'
import type { Step, StepVoice } from './steps.ts'

export interface SyncOptions {
  readonly wait: boolean
  /** Only this project. */
  readonly project?: string | undefined
  /** False leaves out the VM's own setup.sh where the VM runs already. */
  readonly setup?: boolean
  /** Containers that there are give way to new ones. */
  readonly anew?: Anew
}

/**
 * Brings a VM up to what its configuration says.
 * @throws DvmError; a VM that this run created and that did not come up is removed again.
 */
export const syncVm = async (deps: Deps, vm: string, options: SyncOptions): Promise<void> => {
  checkVmName(vm, deps.env.builder.instance)
  // Asked while the configuration is read. Good enough for a VM that runs; anything else is looked at again under the lock.
  const [plan, early] = await Promise.all([
    planSync(deps, { vm, project: options.project }),
    findInstance(deps, instanceOf(vm)),
  ])
  if (options.project === undefined) await tellOddProjects(deps, vm)
  let waited = false
  await locked(
    deps,
    `vm:${vm}`,
    async () => {
      const ready = !waited && early?.status === 'Running'
      const setup = ready && options.setup === false ? undefined : plan.setup
      const found = ready ? early : await findInstance(deps, instanceOf(vm))
      await runSync(deps, { ...plan, setup }, found, options.anew)
    },
    {
      wait: options.wait,
      onWait: () => {
        waited = true
      },
    },
  )
}

/** Forgets what a VM was made from, and whom it was prepared for. */
const unknownOrigin = {
  generation: undefined,
  baseImage: undefined,
  createdAt: undefined,
  devBase: undefined,
  ports: undefined,
  users: undefined,
} satisfies VmStatePatch

const runSync = async (
  deps: Deps,
  plan: SyncPlan,
  found: Instance | undefined,
  anew: Anew | undefined,
): Promise<void> => {
  const { vm, config, stamp, setup, projects } = plan
  const name = instanceOf(vm)
  const log = deps.logs.open(deps.logs.pathOf(vm, 'lima'))
  // Both logs are of this sync, also when it does not come as far as setup.sh.
  deps.logs.open(deps.logs.pathOf(vm, 'setup')).close()
  const write = (line: string): void => log.line(line)
  let instance = found
  let begun = false
  let created = false
  /** Somebody else has made one of that name meanwhile. */
  let taken = false
  let cameUp = false
  checkKnown(instance)
  const action = actionFor(instance?.status)
  const start = async (voice: StepVoice): Promise<void> => {
    voice.progress('waiting for the VM to come up')
    await startVm(deps, mustRun(instance ?? (await findInstance(deps, name)), vm), write)
    cameUp = true
    instance = await findInstance(deps, name)
  }
  const steps: Step[] = []
  if (action === 'create')
    steps.push({
      title: `Create ${vm}`,
      run: async (voice) => {
        const [{ base, spec }] = await Promise.all([planCreation(deps, plan), deps.lima.refuseTooOld()])
        await writeDocument(deps, config, base, spec.template)
        // Before: Lima goes on by itself when dvm is killed, and nobody else knows what the VM was made from.
        await deps.state.write(vm, {
          ...unknownOrigin,
          generation: base.kind === 'disk' ? base.generation : undefined,
          baseImage: base.kind === 'disk' ? base.location : base.template,
          createdAt: new Date().toISOString(),
          ports: spec.portForwards,
        })
        begun = true
        await deps.lima.create(spec, write).catch((error: unknown) => {
          taken = /already exists/.test(messageOf(error))
          throw error
        })
        created = true
        await start(voice)
      },
      undo: async () => {
        // Only what this run made (or was making when it was interrupted) and what never came up: once it ran, it may hold work.
        if (cameUp || !begun) return
        try {
          if (created || deps.signal.aborted) await deps.undo.lima.delete(name, { force: true }, write)
          // A create that failed may have left one that could not be removed: the next sync takes it up.
          else if (!taken && (await deps.undo.lima.list()).some((each) => each.name === name)) return
          await deps.state.write(vm, unknownOrigin)
        } catch (error) {
          // What the run failed of comes first, and what is left is no secret.
          deps.report.warn(`${vm} could not be removed again: ${messageOf(error)} (dvm rm ${vm} --yes)`)
        }
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
      // Before: a sync that is cut off may have come as far as the account.
      const { users = [] } = (await deps.state.read(vm)) ?? {}
      if (!users.includes(config.user)) await deps.state.write(vm, { users: [...users, config.user] })
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
  steps.push(...projectSteps({ deps, vm, config, projects, place, anew, onFailure }))
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
  const ports = config.ports.map(portText)
  await deps.state.write(vm, { config: { cpus, memory, disk, ports, stamp } })
  if (action === 'create' || instance === undefined) return
  const made = (await deps.state.read(vm))?.ports
  const drift = [...configDrift(config, instance), ...portDrift(made, ports)]
  if (drift.length > 0)
    deps.report.note(
      `${vm} keeps what it was created with: ${drift.join(', ')}; to change it: dvm recreate ${vm} --yes`,
    )
}

const mustRun = (instance: Instance | undefined, vm: string): Instance => {
  if (instance !== undefined) return instance
  throw new DvmError('failed', `${vm} vanished while it was synced`, { hint: `dvm sync ${vm}` })
}
