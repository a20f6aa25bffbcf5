// What is left of a version of dvm that had one setup.sh for all VMs.
import { join } from 'node:path'
import type { Deps } from './deps.ts'

/** Says once that a global setup.sh is not run. */
export const warnOfGlobalSetup = async (deps: Pick<Deps, 'env' | 'files' | 'report'>): Promise<void> => {
  const path = join(deps.env.configDir, 'setup.sh')
  if ((await deps.files.resolve(path)) === undefined) return
  deps.report.warn(
    `${path} is no longer used: move it into your base's Containerfile or each VM's setup.sh (dvm help migration)`,
  )
}
