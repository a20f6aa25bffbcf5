// `dvm logs`: what the last sync of a VM wrote down, or what a project's container prints.
import { instanceOf } from '../core/names.ts'
import { DvmError } from '../core/errors.ts'
import { parseTarget } from '../core/target.ts'
import type { Deps } from './deps.ts'
import { findInstance } from './builder-vm.ts'
import { loadVmConfig } from './vm-config.ts'

/**
 * Prints logs, and with `follow` what is added until interrupted; resolves to an exit code.
 * @throws DvmError `not-found` when there is no log, no VM or no container
 */
export const showLogs = async (
  deps: Deps,
  text: string,
  follow: boolean,
  print: (text: string) => void,
): Promise<number> => {
  const { vm, project } = parseTarget(text, deps.env.builder.instance)
  if (project !== undefined) {
    const [instance, config] = await Promise.all([findInstance(deps, instanceOf(vm)), loadVmConfig(deps, vm)])
    if (instance?.status !== 'Running')
      throw new DvmError('not-found', `the VM ${vm} does not run, so its containers say nothing`, {
        hint: `dvm sync ${vm}`,
      })
    return deps.containers.logs({ instance, user: config.user }, { vm, project }, follow)
  }
  const paths = [deps.logs.pathOf(vm, 'lima'), deps.logs.pathOf(vm, 'setup')]
  const found = await Promise.all(paths.map((path) => deps.files.text(path)))
  if (found.every((content) => content === undefined))
    throw new DvmError('not-found', `there are no logs of ${vm} yet`, { hint: `dvm sync ${vm}` })
  for (const [index, content] of found.entries())
    if (content !== undefined) print(`==> ${paths[index]} <==\n${content}`)
  if (follow) await deps.logs.follow(paths, deps.signal, print)
  return 0
}
