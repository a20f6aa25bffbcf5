// The builder VM: made, started, repaired and provisioned so that nobody has to think about it.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { bootTestInstance } from '../core/names.ts'
import { DvmError } from '../core/errors.ts'
import type { Flavour } from '../core/flavour.ts'
import { configDrift } from '../core/sync-plan.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import { bringsTrust, networkScript } from './network.ts'
import { startVm } from './start-vm.ts'
import type { StepVoice } from './steps.ts'

export interface BuilderOptions {
  /** Remove the builder first, and its caches with it. */
  readonly clean: boolean
}

export const findInstance = async (deps: Pick<Deps, 'lima'>, name: string): Promise<Instance | undefined> =>
  (await deps.lima.list()).find((instance) => instance.name === name)

/** @throws DvmError `failed` for one in a state that this dvm has never heard of: stopping it by force might cost work. */
export const checkKnown = (instance: Instance | undefined): void => {
  if (instance?.status !== 'Unknown') return
  throw new DvmError('failed', `${instance.name}: ${instance.errors.at(-1)}`, {
    hint: 'update dvm, or bring it to a state that it knows: limactl stop ' + instance.name,
  })
}

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
  const { instance: name, cpus, memory, disk } = deps.env.builder
  const template = deps.env.builder.template ?? flavour.builderTemplate
  const script = await deps.assets.text(`${flavour.name}/builder.sh`)
  const network = await networkScript(deps, 'root')
  const marker = `${flavour.name} ${createHash('sha256').update(script).digest('hex')}`

  const remove = (): Promise<void> => removeBuilderVm(deps, log)
  const make = async (why: string): Promise<Instance> => {
    voice.note(why)
    voice.progress(`creating ${name} from ${template}`)
    const size = { cpus: cpus ?? Math.min(4, deps.host.cpus), memory: memory ?? 4, disk: disk ?? 50 }
    const forget = await record(deps, name)
    try {
      await deps.lima.create({ name, template, ...size }, log)
    } catch (error) {
      // Not made, or made by another one meanwhile. A create that was interrupted may have got somewhere.
      if (!deps.signal.aborted) await forget()
      throw error
    }
    await start()
    return mustFind(deps, name)
  }
  const start = async (): Promise<void> => {
    voice.progress(`starting ${name}`)
    await startVm(deps, await mustFind(deps, name), log)
  }
  const provision = async (instance: Instance): Promise<Instance> => {
    const found = await deps.builder.marker(instance, network)
    if (found === marker) return instance
    const before = found.split(' ')[0] ?? ''
    if (before !== '' && before !== flavour.name) {
      await remove()
      return provision(await make(`the builder was made for ${before}: making one for ${flavour.name}`))
    }
    voice.progress('provisioning: podman and what the disk builder needs')
    // A killed run may still be installing in there, and two package managers get in each other's way.
    await deps.builder.sweep(instance, 'end')
    await deps.builder.provision(instance, script, marker, log)
    // What trusts certificates may have come only now.
    if (await bringsTrust(deps)) await deps.builder.marker(instance, network)
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

  checkKnown(instance)
  // Only what is asked for now: a size of an earlier day that is no longer set is no contradiction.
  const drift = configDrift({ cpus, memory, disk }, instance)
  if (drift.length > 0)
    voice.note(
      `${name} keeps what it was made with: ${drift.join(', ')}; to change it: dvm base build --clean`,
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
  } catch (error) {
    deps.signal.throwIfAborted()
    // A new builder would fail for the same reason, and its layer cache would be gone.
    if (error instanceof DvmError && (curable(error) || /no space/i.test(error.message))) throw error
    log(`repair failed: ${error instanceof Error ? error.message : String(error)}`)
  }
  // Making it again costs its layer cache, so one that is slow to come back gets its time.
  if (await deps.builder.answers(instance, { ms: 3 * 60_000, signal: deps.signal }))
    return provision(instance)
  await deps.lima.stop(name, { force: true }, log).catch(() => undefined)
  await remove()
  return provision(await make('the builder could not be repaired: making it again (its layer cache is lost)'))
}

/** Trouble of the machine or the network, not of this builder. */
const curable = (error: DvmError): boolean => ['tool', 'config', 'network', 'refused'].includes(error.code)

const recordOf = (deps: Pick<Deps, 'env'>): string => join(deps.env.stateDir, 'base', 'builder')

/** Before it is made: a dvm that is killed meanwhile leaves a builder that the next one still knows for its own. */
const record = async (deps: Deps, name: string): Promise<() => Promise<void>> => {
  const path = recordOf(deps)
  const before = await deps.files.text(path)
  await deps.files.write(path, `${name}\n`)
  return () => (before === undefined ? deps.files.remove(path) : deps.files.write(path, before))
}

/**
 * Deletes the builder VM.
 * @throws DvmError `refused` when DVM_BUILDER_LIMA names an instance that dvm did not make.
 */
export const removeBuilderVm = async (deps: Deps, log?: (line: string) => void): Promise<void> => {
  const { instance } = deps.env.builder
  const recorded = (await deps.files.text(recordOf(deps)))?.trim()
  if (instance !== 'dvm-builder' && instance !== recorded)
    throw new DvmError(
      'refused',
      `${instance} was not made by dvm as its builder, so dvm does not delete it`,
      {
        hint: `name another builder in DVM_BUILDER_LIMA; or, if ${instance} really may go: limactl delete --force ${instance}`,
      },
    )
  await deps.lima.delete(instance, { force: true }, log)
  await deps.files.remove(recordOf(deps))
}

/** Removes what a killed boot test left. */
export const sweepBootTest = async (deps: Pick<Deps, 'lima'>, log: (line: string) => void): Promise<void> => {
  if ((await findInstance(deps, bootTestInstance)) !== undefined)
    await deps.lima.delete(bootTestInstance, { force: true }, log)
}
