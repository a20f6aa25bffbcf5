// `dvm sync --all`: one VM after the other for now; one VM's failure does not stop the next.
import type { Deps } from './deps.ts'
import { syncVm, type SyncOptions } from './sync.ts'

/** Resolves to how many failed; each failure is told as it happens. */
export const syncAll = async (
  deps: Deps,
  names: readonly string[],
  options: SyncOptions,
  tell: (error: unknown) => void,
): Promise<number> => {
  let failed = 0
  if (names.length === 0) deps.report.note('no VM has a configuration yet: dvm new NAME')
  for (const name of names) {
    try {
      await syncVm(deps, name, options)
    } catch (error) {
      deps.signal.throwIfAborted()
      failed += 1
      deps.report.warn(`${name} failed`)
      tell(error)
    }
  }
  if (names.length > 1) deps.report.note(`${names.length - failed} of ${names.length} VMs are ready`)
  return failed
}
