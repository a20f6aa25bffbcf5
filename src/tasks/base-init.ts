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
 * Writes the Containerfile of the dev-base and, where there is none, the shared list of packages. Returns what it wrote.
 * @throws DvmError `config` for an unknown flavour, `refused` when there is a dev Containerfile.
 */
export const initDevBase = async (deps: Needs): Promise<readonly string[]> => {
  const { env, assets, scaffold } = deps
  const flavour = chooseFlavour(env.flavour, await recordedFlavour(deps))
  const containerfile = join(env.baseDir, 'dev', 'Containerfile')
  if (await scaffold.exists(containerfile))
    throw new DvmError('refused', `${containerfile} exists already; dvm does not change it`, {
      hint: 'edit it, or move it away and run dvm base dev-init again',
    })
  await scaffold.createFile(containerfile, await assets.text(`${flavour.name}/dev.Containerfile`))
  const packages = join(env.baseDir, 'packages.txt')
  if (await scaffold.exists(packages)) return [containerfile]
  await scaffold.createFile(packages, await assets.text('scaffold/packages.txt'))
  return [containerfile, packages]
}
