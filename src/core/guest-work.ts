// Work of a sync in a guest: how it is found there when nobody heard of its end. Pure.
import { join } from 'node:path'

/**
 * An argument of the bash that leads the work, which nothing that people name can be; see templates/guest/stop-sync.sh. A systemd unit, as
 * the builder's work has it, would not do: what runs in a container is not below any unit of whoever started it.
 */
export const workMark = 'dvm:sync'

/** Is there while work runs in a VM, and after it when nobody heard of its end. */
export const workFile = (stateDir: string, vm: string): string => join(stateDir, vm, 'syncing')

/** Runs the command that follows as work; for `bash -s`, with empty stdin. */
export const workScript = 'shift\n"$@" </dev/null\n'
