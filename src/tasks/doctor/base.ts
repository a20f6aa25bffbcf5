// The base directory, the base that was built from it, and the builder VM.
import { join } from 'node:path'
import { chooseFlavour, flavourFile } from '../../core/base-flavour.ts'
import { ok, problem, warning, type Finding } from '../../core/finding.ts'
import { shortName } from '../../core/generation.ts'
import type { Flavour } from '../../core/flavour.ts'
import { sizeText } from '../../core/sizes.ts'
import { findBaseImage } from '../base-image.ts'
import { planBase, type BasePlan } from '../base-plan.ts'
import { findInstance } from '../builder-vm.ts'
import { tell, type Check, type View } from './check.ts'

/** A context of many gigabytes takes its time to read. */
const limit = 60_000

/** @throws DvmError `config` for a flavour that there is none of. */
export const flavourHere = async ({ deps, facts }: View): Promise<{ flavour: Flavour; by: string }> => {
  const { baseDir, flavour: asked } = deps.env
  const path = join(baseDir, flavourFile)
  const recorded = (await facts.kind(path)) === 'file' ? (await deps.files.text(path))?.trim() : undefined
  const flavour = chooseFlavour(asked, recorded)
  const by = asked !== undefined ? 'DVM_FLAVOUR' : (recorded ?? '') === '' ? 'the default' : path
  return { flavour, by }
}

export const flavour: Check = {
  name: 'flavour',
  run: async (view) => [
    await tell('flavour', async () => {
      const { flavour, by } = await flavourHere(view)
      return ok('flavour', `${flavour.name} (${by})`)
    }),
  ],
}

const few = (words: readonly string[]): string =>
  words.length > 4 ? `${words.slice(0, 4).join(', ')} and ${words.length - 4} more` : words.join(', ')

/** `planned` is told what a build would do, unless there is nothing to build from. */
const lookAtDirectory = async (
  { deps, facts }: View,
  planned: (plan: BasePlan) => void,
): Promise<Finding> => {
  const { baseDir } = deps.env
  const name = 'base directory'
  if ((await facts.kind(baseDir)) === 'missing')
    return ok(name, `none yet at ${baseDir} (dvm base init begins it)`)
  const containerfile = join(baseDir, 'Containerfile')
  const kind = await facts.kind(containerfile)
  // Told by its own failure: one that is a link to nothing.
  if (kind === 'missing' && (await deps.files.text(containerfile)) === undefined)
    return warning(name, `there is no Containerfile in ${baseDir}`, 'dvm base init')
  if (kind !== 'file' && kind !== 'unreadable')
    return problem(name, `${containerfile} is not a file`, 'move it away, then: dvm base init')
  const plan = await planBase(deps)
  planned(plan)
  return ok(
    name,
    plan.secrets.length === 0 ? baseDir : `${baseDir}; looks secret, so left out: ${few(plan.secrets)}`,
  )
}

const lookAtImage = async ({ deps }: View, plan: BasePlan | undefined): Promise<Finding> => {
  const image = await findBaseImage(deps)
  const { baseImage } = deps.env
  const build = plan === undefined ? 'dvm base init, then: dvm base build' : 'dvm base build'
  if (image.kind === 'template')
    return warning(
      'base',
      `none${baseImage === undefined ? '' : ` at DVM_BASE_IMAGE (${baseImage})`}: VMs boot from Lima's ${image.template}`,
      build,
    )
  const { location, generation } = image
  const metadata = generation === undefined ? undefined : (await deps.store.find(generation))?.metadata
  if (metadata === undefined) {
    const found = `${location}, not built by this dvm: VMs boot from it`
    // Whoever set DVM_BASE_IMAGE wants just that disk. The shell version left one where dvm's own would be.
    return ok('base', baseImage === undefined ? `${found}; to make one that is known: ${build}` : found)
  }
  const found = `${shortName(metadata.generation)}, ${metadata.flavour} ${metadata.arch}, ${sizeText(metadata.diskSize)}`
  return plan === undefined || plan.changes.length === 0
    ? ok('base', found)
    : warning('base', `${found}; since then changed: ${few(plan.changes)}`, 'dvm base build')
}

export const base: Check = {
  name: 'base',
  limit,
  run: async (view) => {
    let plan: BasePlan | undefined
    const directory = await tell('base directory', () =>
      lookAtDirectory(view, (found) => {
        plan = found
      }),
    )
    return [directory, await tell('base', () => lookAtImage(view, plan))]
  },
}

const lookAtBuilder = async ({ deps, facts }: View): Promise<Finding> => {
  const name = deps.env.builder.instance
  if ((await facts.locate(deps.env.limactl)) === undefined)
    return warning('builder', 'not known without limactl', 'install Lima first')
  const instance = await findInstance(deps, name)
  if (instance === undefined) return ok('builder', 'none yet (the first build makes it)')
  const { status, errors } = instance
  const why = errors.length === 0 ? '' : `: ${errors.join(', ')}`
  if (status === 'Running' || status === 'Stopped') return ok('builder', `${name}, ${status}`)
  if (status === 'Unknown') return problem('builder', `${name}${why}`, `update dvm, or: limactl stop ${name}`)
  return warning(
    'builder',
    `${name} is ${status === '' ? 'in a state that Lima does not know' : status}${why}`,
    'dvm base build repairs it, or makes a new one',
  )
}

export const builder: Check = {
  name: 'builder',
  run: async (view) => [await tell('builder', () => lookAtBuilder(view), 'warning')],
}
