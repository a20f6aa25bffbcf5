// The builder VM: made, started, repaired and provisioned so that nobody has to think about it.
import { createHash } from 'node:crypto'
import { bootTestInstance } from '../core/names.ts'
import { DvmError } from '../core/errors.ts'
import type { Flavour } from '../core/flavour.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { startVm } from './start-vm.ts'
import type { StepVoice } from './steps.ts'

export interface BuilderOptions {
  /** Remove the builder first, and its caches with it. */
  readonly clean: boolean
}

export const findInstance = async (deps: Pick<Deps, 'lima'>, name: string): Promise<Instance | undefined> =>
  (await deps.lima.list()).find((instance) => instance.name === name)

const mustFind = async (deps: Deps, name: string): Promise<Instance> => {
  const instance = await findInstance(deps, name)
  if (instance !== undefined) return instance
  throw new DvmError('failed', `Lima does not list ${name} right after it was made`, {
    hint: 'run the same command again',
  })
}

/** Makes the builder usable and returns it, telling why when that takes more than a look. */
export const ensureBuilder = async (
  deps: Deps,
  flavour: Flavour,
  options: BuilderOptions,
  voice: StepVoice,
  log: (line: string) => void,
): Promise<Instance> => {
  const { instance: name } = deps.env.builder
  const template = deps.env.builder.template ?? flavour.builderTemplate
  const script = await deps.assets.text(`${flavour.name}/builder.sh`)
  const marker = createHash('sha256')
    .update(JSON.stringify([flavour.name, script]))
    .digest('hex')

  const remove = async (): Promise<void> => deps.lima.delete(name, { force: true }, log)
  const make = async (why: string): Promise<Instance> => {
    voice.note(why)
    voice.progress(`creating ${name} from ${template}`)
    const { cpus, memory, disk } = deps.env.builder
    await deps.lima.create({ name, template, cpus: cpus ?? Math.min(4, deps.host.cpus), memory, disk }, log)
    await start()
    return mustFind(deps, name)
  }
  const start = async (): Promise<void> => {
    voice.progress(`starting ${name}`)
    await startVm(deps, await mustFind(deps, name), log)
  }
  const provision = async (instance: Instance): Promise<Instance> => {
    if ((await deps.builder.marker(instance)) === marker) return instance
    voice.progress('provisioning: podman and what the disk builder needs')
    // A killed run may still be installing in there, and two package managers get in each other's way.
    await deps.builder.sweep(instance)
    await deps.builder.provision(instance, script, marker, log)
    return instance
  }

  let instance = await findInstance(deps, name)
  if (instance !== undefined && options.clean) {
    voice.progress(`removing ${name}`)
    await remove()
    instance = undefined
  }
  if (instance === undefined)
    return provision(
      await make(options.clean ? 'a fresh builder' : `there is no builder yet: making ${name}`),
    )

  if (instance.status === 'Running' && (await deps.builder.answers(instance))) return provision(instance)
  try {
    if (instance.status === 'Stopped') voice.note('the builder was stopped: starting it')
    else {
      voice.note(
        `the builder is ${instance.status === 'Running' ? 'not answering' : instance.status || 'in no known state'}: restarting it`,
      )
      await deps.lima.stop(name, { force: true }, log).catch(() => undefined)
    }
    await start()
    instance = await mustFind(deps, name)
    if (await deps.builder.answers(instance)) return await provision(instance)
  } catch (error) {
    deps.signal.throwIfAborted()
    if (error instanceof DvmError && ['tool', 'config'].includes(error.code)) throw error
    log(`repair failed: ${error instanceof Error ? error.message : String(error)}`)
  }
  await deps.lima.stop(name, { force: true }, log).catch(() => undefined)
  await remove()
  return provision(await make('the builder could not be repaired: making it again (its layer cache is lost)'))
}

/** Removes what a killed boot test left. */
export const sweepBootTest = async (deps: Pick<Deps, 'lima'>, log: (line: string) => void): Promise<void> => {
  if ((await findInstance(deps, bootTestInstance)) !== undefined)
    await deps.lima.delete(bootTestInstance, { force: true }, log)
}
