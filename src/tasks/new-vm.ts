// `dvm new`: the configuration of a VM, and the first time the one that all VMs share.
import { join } from 'node:path'
import { DvmError } from '../core/errors.ts'
import { identifierRule, isIdentifier } from '../core/doctor/lima-names.ts'
import { checkVmName, instanceOf, isName } from '../core/names.ts'
import { insideDoubleQuotes, render } from '../core/render.ts'
import { targetText } from '../core/target.ts'
import type { Deps } from './deps.ts'

/** The host user's name where a guest can have it; root exists in a guest already. */
const guestUser = (hostUser: string): string =>
  isName(hostUser) && hostUser !== 'root' ? hostUser : 'developer'

/**
 * Writes the files and returns their paths.
 * @throws DvmError `usage` or `refused` for the name, `refused` when the VM has a directory.
 */
export const newVm = async (
  deps: Pick<Deps, 'env' | 'host' | 'assets' | 'scaffold' | 'report'>,
  vm: string,
): Promise<readonly string[]> => {
  const { env, host, assets, scaffold, report } = deps
  checkVmName(vm, env.builder.instance, (target) => `dvm add ${targetText(target)}`)
  const directory = join(env.configDir, 'vms', vm)
  if (await scaffold.exists(directory))
    throw new DvmError('refused', `${directory} exists already; dvm does not change it`, {
      hint: `dvm sync ${vm}`,
    })
  // The name is a good one for all that dvm does itself, and older configurations may have it.
  if (!isIdentifier(instanceOf(vm)))
    report.warn(`Lima will not take the name ${instanceOf(vm)}: ${identifierRule}`)
  const written: string[] = []
  const shared = join(env.configDir, 'config.sh')
  if (!(await scaffold.exists(shared))) {
    const user = guestUser(host.user)
    const text = render(await assets.text('scaffold/config.sh'), { user }, insideDoubleQuotes)
    try {
      await scaffold.createFile(shared, text)
      written.push(shared)
    } catch (error) {
      // Another `dvm new` was quicker: then it is there, which is all that is wanted.
      if (!(error instanceof DvmError && error.code === 'refused')) throw error
    }
  }
  const files = {
    'config.sh': await assets.text('scaffold/vm/config.sh'),
    'setup.sh': await assets.text('scaffold/vm/setup.sh'),
  }
  return [...written, ...(await scaffold.createDirectory(directory, files))]
}
