// Changes of files, as chokidar sees them. Only `dvm watch` loads this file, and chokidar with it.
import { lstatSync, statSync } from 'node:fs'
import { watch } from 'chokidar'
import { DvmError, isErrno, messageOf } from '../core/errors.ts'
import type { Interest } from '../core/watched-files.ts'

export interface WatchRequest {
  /** Directories; one that is not there yet is waited for. */
  readonly roots: readonly string[]
  /** Where to look. The way to a path must be of interest as well. */
  readonly interest: (path: string) => Interest
  /**
   * Something at this path was made, changed, replaced or removed; several times for one save. What follows on it within 50 ms, or while
   * a new directory is taken up, may go untold: look when nothing more comes. A file that only a link leads to and that was away for a
   * moment is told of again once the link is made anew (chokidar 6.0.0).
   */
  readonly onChange: (path: string) => void
  /** The system watches no more: from now on changes may be missed. */
  readonly onLost: (error: DvmError) => void
}

export interface Watching {
  close(): Promise<void>
}

export interface Watcher {
  /**
   * Resolves when everything that is there is known: from then on changes are told.
   * @throws DvmError `failed` when the system cannot watch that much.
   */
  watch(request: WatchRequest): Promise<Watching>
}

/** Undefined for an error of one path: whoever needs that path says so better. */
export const lossOf = (error: unknown): DvmError | undefined => {
  if (isErrno(error, 'ENOSPC'))
    return new DvmError('failed', 'the system watches no more files', {
      hint: 'sudo sysctl fs.inotify.max_user_watches=524288',
      cause: error,
    })
  if (isErrno(error, 'EMFILE', 'ENFILE'))
    return new DvmError('failed', `files cannot be watched: ${messageOf(error)}`, {
      hint: 'ulimit -n 4096; on Linux also: sudo sysctl fs.inotify.max_user_instances=512',
      cause: error,
    })
  return undefined
}

const isLinkToDirectory = (path: string): boolean => {
  try {
    return lstatSync(path).isSymbolicLink() && statSync(path).isDirectory()
  } catch {
    return false
  }
}

export const createWatcher = (): Watcher => ({
  watch: async ({ roots, interest, onChange, onLost }) => {
    const watcher = watch([...roots], {
      ignoreInitial: true,
      ignorePermissionErrors: true,
      // It would hold back removals; whoever acts on changes waits for the end of a save anyway.
      atomic: false,
      ignored: (path) => {
        const wanted = interest(path)
        return wanted === 'none' || (wanted === 'direct' && isLinkToDirectory(path))
      },
    })
    const ready = Promise.withResolvers<void>()
    watcher
      .on('all', (_, path) => onChange(path))
      .on('ready', () => ready.resolve())
      .on('error', (error) => {
        const loss = lossOf(error)
        if (loss === undefined) return
        ready.reject(loss)
        onLost(loss)
      })
    try {
      await ready.promise
    } catch (error) {
      await watcher.close()
      throw error
    }
    return { close: () => watcher.close() }
  },
})
