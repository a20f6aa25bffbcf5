// Which projects a VM has a configuration for, and where.
import { join } from 'node:path'
import { isName } from '../core/names.ts'
import type { Deps } from './deps.ts'

/** Where a VM's projects are configured. */
export const projectsDirectory = ({ env }: Pick<Deps, 'env'>, vm: string): string =>
  join(env.configDir, 'vms', vm, 'projects')

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
