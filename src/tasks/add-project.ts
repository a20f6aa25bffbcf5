// `dvm add`: the configuration of a project in a VM.
import { join } from 'node:path'
import { DvmError } from '../core/errors.ts'
import { parseProjectTarget, targetText } from '../core/target.ts'
import type { Deps } from './deps.ts'
import { checkConfigured } from './known-names.ts'
import { projectsDirectory } from './project-names.ts'

/**
 * Writes the files and returns their paths.
 * @throws DvmError `usage` for the name, `not-found` when the VM has no configuration, `refused` when the project has one.
 */
export const addProject = async (
  deps: Pick<Deps, 'env' | 'assets' | 'files' | 'scaffold'>,
  text: string,
): Promise<readonly string[]> => {
  const { env, assets, scaffold } = deps
  const target = parseProjectTarget(text, env.builder.instance)
  const { vm, project } = target
  await checkConfigured(deps, target, (near) => `dvm add ${targetText(near)}`)
  const directory = join(projectsDirectory(deps, vm), project)
  if (await scaffold.exists(directory))
    throw new DvmError('refused', `${directory} exists already; dvm does not change it`, {
      hint: `dvm sync ${text}`,
    })
  return scaffold.createDirectory(directory, {
    'project.sh': await assets.text('scaffold/project/project.sh'),
    'setup.sh': await assets.text('scaffold/project/setup.sh'),
  })
}
