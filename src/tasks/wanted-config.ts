// What a VM's configuration says now, for `dvm ls`: from the last sync, or from the last look at files that were edited after it. Bash runs
// only when neither knew these files.
import { portText } from '../core/config.ts'
import { DvmError, messageOf } from '../core/errors.ts'
import type { Evaluation, VmState, WantedConfig } from '../core/vm-state.ts'
import type { Deps } from './deps.ts'
import { configStamp, loadVmConfig } from './vm-config.ts'

/** Undefined for a VM that this dvm has never synced, and for a configuration that is wrong, which is told each time. */
export const wantedConfig = async (
  deps: Deps,
  vm: string,
  last: VmState['config'],
): Promise<WantedConfig | undefined> => {
  if (last === undefined) return undefined
  // Before the files are read: what is saved meanwhile is then news to the next look.
  const stamp = await configStamp(deps, vm)
  const { ports } = last
  if (ports !== undefined && stamp === last.stamp) return { ...last, ports }
  // What is wrong for one dvm or environment may be right for another.
  const key = [deps.version, deps.env.vmType ?? '', deps.host.cpus, stamp].join(' ')
  const before = await deps.state.evaluation(vm).catch(() => undefined)
  const { wanted, problem } = before?.key === key ? before : await evaluate(deps, vm, key)
  // One that is wrong does not keep the others from being listed.
  if (problem !== undefined) deps.report.warn(`${vm}: ${problem}`)
  return wanted
}

const evaluate = async (deps: Deps, vm: string, key: string): Promise<Evaluation> => {
  try {
    const { cpus, memory, disk, ports } = await loadVmConfig(deps, vm)
    return await kept(deps, vm, { key, wanted: { cpus, memory, disk, ports: ports.map(portText) } })
  } catch (error) {
    deps.signal.throwIfAborted()
    const found: Evaluation = { key, problem: messageOf(error) }
    // Anything else may be mended without an edit, the mode of a directory for example, and cost no bash.
    return error instanceof DvmError && error.code === 'config' ? kept(deps, vm, found) : found
  }
}

/** A disk that is full, or closed, keeps no VM from being listed. */
const kept = async (deps: Deps, vm: string, evaluation: Evaluation): Promise<Evaluation> => {
  await deps.state.keepEvaluation(vm, evaluation).catch(() => undefined)
  return evaluation
}
