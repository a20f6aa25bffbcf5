// The dev-base of a VM: one label to look at when nothing changed. Otherwise it is built in the builder, once for all VMs, and streamed into
// the VM; without a builder it is built in the VM itself. The old image stays until the new one is there and no container uses it.
// Why the builder: with the starter, emulated, a first VM has its project after 366 s (217 s when it is built in the VM), a second one
// after 146 s (180 s): the bigger the dev-base and the more the VMs, the more is saved, and no VM keeps a build's layers. See `npm run bench`.
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { workRoot } from '../core/builder-paths.ts'
import { chooseFlavour, flavourFile } from '../core/base-flavour.ts'
import { devBaseLabel, devBaseTag, hashDevBase } from '../core/dev-base.ts'
import { DvmError, withLog } from '../core/errors.ts'
import type { Flavour } from '../core/flavour.ts'
import { checkPackages } from '../core/package-list.ts'
import { pinOf, pinnedReference } from '../core/pins.ts'
import type { ContainersState, Place } from '../ports/containers/index.ts'
import type { Shipment } from '../ports/context.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Log } from '../ports/logs.ts'
import { checkBaseFile } from './base-ownership.ts'
import { ensureBuilder, findInstance } from './builder-vm.ts'
import type { Deps } from './deps.ts'
import { locked } from './locked.ts'
import { bringsTrust } from './network.ts'
import type { StepVoice } from './steps.ts'

export interface DevBasePlan {
  readonly hash: string
  readonly flavour: Flavour
  /** The bare system, by its pin. */
  readonly from: string
  readonly shipments: readonly Shipment[]
}

/** What each run has built in the builder because of DVM_REBUILD_DEV_BASE, which asks for one build, not for one a VM. A run is its signal. */
const rebuilt = new WeakMap<AbortSignal, string>()

const flavourOfBase = async (deps: Deps): Promise<Flavour> =>
  chooseFlavour(deps.env.flavour, await deps.files.text(join(deps.env.baseDir, flavourFile)))

/** The bare system of the base directory's flavour, by its pin. */
export const bareImage = async (deps: Deps): Promise<string> => {
  const flavour = await flavourOfBase(deps)
  const pin = pinOf(await deps.assets.pins(), flavour.name, 'project-base')
  if (pin !== undefined) return pinnedReference(pin)
  throw new DvmError('config', `pins.json has no project-base for the flavour ${flavour.name}`)
}

const describedIn = ({ env }: Pick<Deps, 'env'>) => ({
  directory: join(env.baseDir, 'dev'),
  containerfile: join(env.baseDir, 'dev', 'Containerfile'),
  packagesFile: join(env.baseDir, 'packages.txt'),
})

/** Whether the base directory describes one. */
export const hasDevBase = async (deps: Pick<Deps, 'env' | 'files'>): Promise<boolean> =>
  (await deps.files.text(describedIn(deps).containerfile)) !== undefined

/** Reads what a dev-base would be made from; undefined when the base directory describes none. */
export const planDevBase = async (deps: Deps): Promise<DevBasePlan | undefined> => {
  const { baseDir } = deps.env
  const { directory, containerfile, packagesFile } = describedIn(deps)
  if ((await deps.files.text(containerfile)) === undefined) return undefined
  await checkBaseFile(deps, containerfile)
  const [scan, packages, flavour, from] = await Promise.all([
    deps.context.scanBase(directory),
    deps.files.text(packagesFile),
    flavourOfBase(deps),
    bareImage(deps),
  ])
  if (packages !== undefined) {
    await checkBaseFile(deps, packagesFile)
    checkPackages(packages, packagesFile)
  }
  const list: Shipment =
    packages === undefined
      ? { from: deps.assets.path('scaffold'), to: 'dev', paths: ['no-packages.txt'], as: 'dvm-packages.txt' }
      : { from: baseDir, to: 'dev', paths: ['packages.txt'], as: 'dvm-packages.txt' }
  return {
    hash: hashDevBase({ arch: deps.host.arch, from, files: scan.files, packages }),
    flavour,
    from,
    shipments: [{ from: directory, to: 'dev', paths: Object.keys(scan.files) }, list],
  }
}

/** Makes sure that the VM has the dev-base of this plan. False when it had it already. */
export const ensureDevBase = async (
  deps: Deps,
  vm: string,
  place: Place,
  state: ContainersState,
  plan: DevBasePlan,
  voice: StepVoice,
): Promise<boolean> => {
  const current = state.devBases.find(({ names }) => names.includes(devBaseTag))
  if (current?.labels[devBaseLabel] === plan.hash && !deps.env.rebuildDevBase) {
    await deps.state.write(vm, { devBase: plan.hash })
    return false
  }
  const log = deps.logs.open(deps.logs.pathOf(vm, 'dev-base'))
  const tell = teller(log, voice)
  voice.note(current === undefined ? 'there is no dev-base in it yet' : 'the dev-base has changed')
  try {
    const builder = await findInstance(deps, deps.env.builder.instance)
    if (builder === undefined)
      await deps.containers.buildDevBase(
        place,
        vm,
        { ...plan, noCache: deps.env.rebuildDevBase, trust: await bringsTrust(deps) },
        deps.context.pack(plan.shipments),
        tell,
      )
    else await locked(deps, 'base', () => fromBuilder(deps, vm, place, plan, voice, log))
    await deps.state.write(vm, { devBase: plan.hash })
    return true
  } catch (error) {
    throw withLog(withHint(error, join(deps.env.baseDir, 'dev', 'Containerfile'), vm), log)
  } finally {
    log.close()
  }
}

/** Each line of a build goes into the log, and is what the step is at. */
const teller =
  (log: Log, voice: StepVoice) =>
  (line: string): void => {
    log.line(line)
    voice.progress(`dev-base: ${line}`)
  }

/** What no port has a hint for is about a line of the person's Containerfile. */
const withHint = (error: unknown, containerfile: string, vm: string): unknown =>
  error instanceof DvmError && error.hint === undefined
    ? error.with({ hint: `correct ${containerfile}, then: dvm sync ${vm}` })
    : error

/** One build serves every VM, its layers are cached, and what it starts from may be there already; a VM only takes the result in. */
const fromBuilder = async (
  deps: Deps,
  vm: string,
  place: Place,
  plan: DevBasePlan,
  voice: StepVoice,
  log: Log,
): Promise<void> => {
  const write = (line: string): void => log.line(line)
  const tell = teller(log, voice)
  const instance = await ensureBuilder(deps, plan.flavour, { clean: false }, voice, write)
  const there = (await deps.builder.image(instance, devBaseTag))?.labels[devBaseLabel]
  const again = deps.env.rebuildDevBase && rebuilt.get(deps.signal) !== plan.hash
  if (there !== plan.hash || again) {
    await deps.builder.recover(instance, () => voice.note('checking the images of the builder'), write)
    await deps.builder.sweep(instance, 'begin', 'dev-base')
    try {
      await deps.builder.ship(instance, deps.context.pack(plan.shipments))
      await deps.builder.build(
        instance,
        {
          containerfile: `${workRoot}/dev/Containerfile`,
          context: `${workRoot}/dev`,
          tag: devBaseTag,
          buildArgs: { DVM_DEV_FROM: await provide(deps, instance, plan, voice, write) },
          labels: { [devBaseLabel]: plan.hash },
          noCache: again,
          trust: await bringsTrust(deps),
        },
        tell,
      )
      rebuilt.set(deps.signal, plan.hash)
    } finally {
      await deps.undo.builder.sweep(instance, 'end')
    }
  }
  voice.progress('taking the dev-base into the VM')
  const pipe = new PassThrough()
  // Heard of by both ends below; before the second one has taken it there is nobody else to hear it.
  pipe.on('error', () => undefined)
  const sending = deps.builder.save(instance, devBaseTag, pipe)
  const loading = deps.containers.load(place, vm, pipe)
  // Whichever end fails, the other must not wait for it.
  sending.catch((error: unknown) => pipe.destroy(error as Error))
  loading.catch(() => pipe.destroy())
  await Promise.all([sending, loading])
}

/** The bare system in the builder: by its pin, or from packages where no registry can be reached. */
const provide = async (
  deps: Deps,
  instance: Instance,
  plan: DevBasePlan,
  voice: StepVoice,
  write: (line: string) => void,
): Promise<string> => {
  const { from, flavour } = plan
  try {
    voice.progress(`pulling ${from}`)
    await deps.builder.pull(instance, from, write)
    return from
  } catch (error) {
    const unreachable =
      error instanceof DvmError && error.code === 'network' && !error.message.startsWith('pin gone')
    if (!unreachable || flavour.bootstrap === undefined) throw error
    voice.note(`the registry cannot be reached: making ${flavour.bootstrap} from signed packages instead`)
    voice.progress(`making ${flavour.bootstrap} from packages`)
    return deps.builder.bootstrap(
      instance,
      await deps.assets.text(`${flavour.name}/bootstrap-image.sh`),
      write,
    )
  }
}
