// Notes on the host that work of a sync runs in a VM, for the sync after a lost connection, a kill or a power cut: see src/core/guest-work.ts.
import { rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Completed } from '../core/command.ts'
import { workFile, workMark } from '../core/guest-work.ts'
import { vmOfInstance } from '../core/names.ts'
import { ensurePrivateDirectory } from '../system/files.ts'
import type { GuestCommand, Instance, Lima } from './lima/index.ts'

/**
 * The same Lima. A command that carries the mark leaves a file behind, unless its end was heard of: its exit code. 255 is also ssh's own
 * word for a connection that it lost, and a way in that was killed has none.
 */
export const rememberWork = (lima: Lima, stateDir: string): Lima => {
  const noted = async <T extends Pick<Completed, 'exitCode'>>(
    instance: Instance,
    guest: GuestCommand,
    call: () => Promise<T>,
  ): Promise<T> => {
    const vm = vmOfInstance(instance.name, '')
    if (vm === undefined || !guest.argv.includes(workMark)) return call()
    const path = workFile(stateDir, vm)
    ensurePrivateDirectory(dirname(path))
    // Not synced to the disk: a host that loses its power takes its VMs along.
    await writeFile(path, '', { mode: 0o600 })
    const result = await call()
    if (result.exitCode !== undefined && result.exitCode !== 255) await rm(path, { force: true })
    return result
  }
  return {
    ...lima,
    run: (instance, guest, onLine) => noted(instance, guest, () => lima.run(instance, guest, onLine)),
    stream: (instance, guest, streams, onLine) =>
      noted(instance, guest, () => lima.stream(instance, guest, streams, onLine)),
  }
}
