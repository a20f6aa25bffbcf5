// `dvm base init` and `dvm base dev-init`: the starters of the user's base directory.
import { join } from 'node:path'
import { chooseFlavour, flavourFile } from '../core/base-flavour.ts'
import { quotePath } from '../core/command.ts'
import { DvmError } from '../core/errors.ts'
import { flavourNames, type Flavour } from '../core/flavour.ts'
import type { Deps } from './deps.ts'

type Needs = Pick<Deps, 'env' | 'assets' | 'files' | 'report' | 'scaffold'>

const recordedFlavour = (deps: Needs): Promise<string | undefined> =>
  deps.files.text(join(deps.env.baseDir, flavourFile))

/**
 * Writes the starter Containerfile and records the flavour. Returns what it wrote.
 * @throws DvmError `config` for an unknown flavour, `refused` when there is a Containerfile.
 */
export const initBase = async (deps: Needs, asked: string | undefined): Promise<readonly string[]> => {
  const { env, assets, scaffold } = deps
  const flavour = chooseFlavour(asked ?? env.flavour, await recordedFlavour(deps))
  const containerfile = join(env.baseDir, 'Containerfile')
  if (await scaffold.exists(containerfile))
    throw new DvmError('refused', `${containerfile} exists already; dvm does not change it`, {
      hint: 'edit it, then: dvm base build (to start over, move it away and run dvm base init again)',
    })
  await scaffold.createFile(containerfile, await assets.text(`${flavour.name}/starter.Containerfile`))
  const record = join(env.baseDir, flavourFile)
  await scaffold.record(record, `${flavour.name}\n`)
  await warnOfOtherStarter(deps, flavour)
  return [containerfile, record]
}

/** The dev-base was begun first, for the flavour that counted then; it is made from the bare system of the one that counts now. */
const warnOfOtherStarter = async ({ env, assets, files, report }: Needs, flavour: Flavour): Promise<void> => {
  const path = join(env.baseDir, 'dev', 'Containerfile')
  // Whatever else is wrong with it is told when it is used.
  const text = await files.text(path).catch(() => undefined)
  for (const name of flavourNames)
    if (name !== flavour.name && text === (await assets.text(`${name}/dev.Containerfile`)))
      report.warn(`${path} was begun for ${name}; to begin it anew: rm ${quotePath(path)}; dvm base dev-init`)
}

/**
 * Writes what is missing of the dev-base: its Containerfile, the list of packages that VMs and projects share. Returns what it wrote.
 * @throws DvmError `config` for an unknown flavour, `refused` when both are there.
 */
export const initDevBase = async (deps: Needs): Promise<readonly string[]> => {
  const { env, assets, scaffold } = deps
  const flavour = chooseFlavour(env.flavour, await recordedFlavour(deps))
  const starters = {
    [join(env.baseDir, 'dev', 'Containerfile')]: `${flavour.name}/dev.Containerfile`,
    [join(env.baseDir, 'packages.txt')]: 'scaffold/packages.txt',
  }
  const written: string[] = []
  for (const [path, starter] of Object.entries(starters)) {
    if (await scaffold.exists(path)) continue
    await scaffold.createFile(path, await assets.text(starter))
    written.push(path)
  }
  if (written.length > 0) return written
  throw new DvmError(
    'refused',
    `${join(env.baseDir, 'dev', 'Containerfile')} exists already; dvm does not change it`,
    {
      hint: 'edit it, or move it away and run dvm base dev-init again',
    },
  )
}
