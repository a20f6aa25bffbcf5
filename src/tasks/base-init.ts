// `dvm base init` and `dvm base dev-init`: the starters of the user's base directory.
import { join } from 'node:path'
import { chooseFlavour, flavourFile } from '../core/base-flavour.ts'
import { DvmError } from '../core/errors.ts'
import type { Deps } from './deps.ts'

type Needs = Pick<Deps, 'env' | 'assets' | 'files' | 'scaffold'>

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
  return [containerfile, record]
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
