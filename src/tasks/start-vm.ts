// Starting a VM without waiting for the impossible: while Lima waits for ssh, the console is watched, and a guest that says
// that it will never come up (no boot loader, no root, a panic) is stopped at once.
import { setTimeout as sleep } from 'node:timers/promises'
import { hopelessConsole, timerIsLost } from '../core/console.ts'
import { DvmError, messageOf } from '../core/errors.ts'
import { workFile } from '../core/guest-work.ts'
import { vmOfInstance } from '../core/names.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'

const lookEveryMs = 2000

const lostTimer = 'its kernel waits for a timer that the emulator lost'

/** Looks at the console until told to stop; stops a hopeless VM and resolves to why it is. */
const watchConsole = async (
  deps: Deps,
  instance: Instance,
  done: AbortSignal,
): Promise<string | undefined> => {
  // What an earlier boot left in the log must not condemn this one.
  const before = await deps.consoles.size(instance.dir)
  while (!done.aborted) {
    await sleep(lookEveryMs, undefined, { signal: done }).catch(() => undefined)
    const lines = await deps.consoles.tail(instance.dir, 200, before)
    const reason = hopelessConsole(lines) ?? (timerIsLost(lines) ? lostTimer : undefined)
    if (reason === undefined) continue
    if (!done.aborted) await deps.undo.lima.stop(instance.name, { force: true }).catch(() => undefined)
    return reason
  }
  return undefined
}

/** @throws DvmError as `startVm`; resolves to false when another try is worth it. */
const startOnce = async (
  deps: Deps,
  instance: Instance,
  log: (line: string) => void,
  last: boolean,
): Promise<boolean> => {
  const done = new AbortController()
  const watching = watchConsole(deps, instance, done.signal)
  try {
    await deps.lima.start(instance.name, {}, log)
    return true
  } catch (error) {
    deps.signal.throwIfAborted()
    done.abort()
    const reason = await watching
    // Lima's own reasons (a missing QEMU, a port in use) are better than any console.
    if (reason === undefined && (!(error instanceof DvmError) || error.code !== 'failed')) throw error
    const tail = await deps.consoles.tail(instance.dir, 20)
    for (const line of tail) log(`console: ${line}`)
    if (reason === lostTimer && !last) return false
    throw new DvmError(
      'failed',
      reason === undefined ? messageOf(error) : `${instance.name} does not boot: ${reason}`,
      {
        hint: error instanceof DvmError ? error.hint : undefined,
        tail: tail.length > 0 ? tail : error instanceof DvmError ? error.tail : [],
        cause: error,
      },
    )
  } finally {
    done.abort()
    await watching
  }
}

/**
 * Starts an instance; a second time, and saying so, when the emulator lost the timer of its kernel.
 * @throws DvmError `failed` with why the guest does not come up and its console's last lines.
 */
export const startVm = async (deps: Deps, instance: Instance, log: (line: string) => void): Promise<void> => {
  // What a sync left running in there went with the boot before.
  const vm = vmOfInstance(instance.name, deps.env.builder.instance)
  if (vm !== undefined) await deps.files.remove(workFile(deps.env.stateDir, vm))
  if (await startOnce(deps, instance, log, false)) return
  deps.report.note(`${instance.name} does not boot: ${lostTimer}; starting it once more`)
  await startOnce(deps, instance, log, true)
}
