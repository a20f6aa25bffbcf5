// Which projects a VM has a configuration for, and where.
import { join } from 'node:path'
import { pathText } from '../core/copy-path.ts'
import { isName } from '../core/names.ts'
import type { Deps } from './deps.ts'

/** Where a VM's projects are configured. */
export const projectsDirectory = ({ env }: Pick<Deps, 'env'>, vm: string): string =>
  join(env.configDir, 'vms', vm, 'projects')

/** Says which directories there are none for their names, or it would look as if nothing were wrong with them. */
export const tellOddProjects = async (
  deps: Pick<Deps, 'env' | 'files' | 'report'>,
  vm: string,
): Promise<void> => {
  const directory = projectsDirectory(deps, vm)
  // Hidden ones are of a desktop's or an editor's making.
  for (const name of (await deps.files.list(directory)).filter(
    (each) => !isName(each) && !each.startsWith('.'),
  ))
    if (await deps.files.isDirectory(join(directory, name)))
      deps.report.warn(
        `${pathText(join(directory, name))} is no project: names are small letters, digits and "-", starting with a letter`,
      )
}

/** Their names, sorted. */
export const configuredProjects = async (
  deps: Pick<Deps, 'env' | 'files'>,
  vm: string,
): Promise<readonly string[]> => {
  const directory = projectsDirectory(deps, vm)
  const names = (await deps.files.list(directory)).filter(isName)
  const directories = await Promise.all(names.map((name) => deps.files.isDirectory(join(directory, name))))
  return names.filter((_, index) => directories[index]).sort()
}
