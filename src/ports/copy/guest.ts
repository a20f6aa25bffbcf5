// The guest's end of a copy: one command a copy, in a VM or in a project's container there. The work is templates/guest/copy.sh; what it
// and its tools complain of is read in guest-errors.ts.
import type { Readable, Writable } from 'node:stream'
import { dataScriptArgv } from '../../core/guest-entry.ts'
import { containerOf, type Target } from '../../core/target.ts'
import type { Completed } from '../../core/command.ts'
import type { Streams } from '../../system/exec.ts'
import type { Assets } from '../assets.ts'
import { inspectFormat } from '../containers/argv.ts'
import type { Place } from '../containers/index.ts'
import type { Lima } from '../lima/index.ts'
import { copyFailure, toldByTools } from './guest-errors.ts'

/** Where a copy ends or begins in a guest. */
export interface GuestEnd {
  readonly place: Place
  readonly target: Target
  /** Absolute, or in a project below its container's workspace. */
  readonly path: string
  /** Of a project: where that is when its container has none of its own. */
  readonly workdir: string | undefined
  /** The command line, for whom it went wrong. */
  readonly again: string
}

export interface SentFile {
  readonly mode: number
  /** What the guest has sent; the host must hold as many. */
  readonly bytes: number
}

/**
 * Every failure is a DvmError that names the guest's side. What a failed call had written there is gone again, as soon as the guest
 * notices that nobody is at the other end.
 */
export interface GuestCopy {
  /** Sends an open file from its current position. `name` is what it is called where `end` is a directory. */
  putFile(
    end: GuestEnd,
    name: string,
    file: { readonly fd: number; readonly size: number; readonly mode: number },
  ): Promise<void>
  /** Sends a directory as an archive of ./pack. */
  putTree(
    end: GuestEnd,
    name: string,
    tree: { readonly from: Readable; readonly mode: number },
  ): Promise<readonly string[]>
  /** Receives a file into an open one. `onSize` is told how large it is before the first byte comes. */
  getFile(end: GuestEnd, fd: number, onSize: (bytes: number) => void): Promise<SentFile>
  /** Receives a directory as an archive; undefined when a file is there instead. Resolves to what tar warned of. */
  getTree(end: GuestEnd, to: Writable): Promise<readonly string[] | undefined>
}

/** A copy takes as long as it takes; this ends only what hangs for ever. */
const timeoutMs = 7 * 24 * 3_600_000

export const createGuestCopy = (lima: Lima, assets: Pick<Assets, 'text'>): GuestCopy => {
  const argvOf = async (
    { place: { user }, target, path, workdir }: GuestEnd,
    action: string,
    values: readonly string[],
  ): Promise<string[]> => {
    const script = await assets.text('guest/copy.sh')
    const { project, vm } = target
    if (project === undefined) return dataScriptArgv(script, user, [action, path, ...values])
    const inside = await assets.text('guest/copy-in-container.sh')
    const asked = [containerOf({ vm, project }), inspectFormat({ vm, project }), workdir ?? '/']
    return dataScriptArgv(inside, user, [...asked, script, action, path, ...values])
  }

  const call = async (
    end: GuestEnd,
    action: string,
    values: readonly string[],
    streams: Streams,
    onLine?: (line: string) => void,
  ): Promise<Completed> =>
    lima.stream(
      end.place.instance,
      { argv: await argvOf(end, action, values), timeoutMs },
      streams,
      onLine && ((line, stream) => stream === 'stderr' && onLine(line)),
    )

  return {
    putFile: async (end, name, { fd, size, mode }) => {
      const values = [name, String(size), mode.toString(8)]
      const completed = await call(end, 'receive-file', values, { fromFile: fd })
      if (completed.exitCode !== 0) throw copyFailure(completed, end, name)
    },
    putTree: async (end, name, { from, mode }) => {
      const completed = await call(end, 'receive-tree', [name, mode.toString(8)], { from })
      if (completed.exitCode !== 0) throw copyFailure(completed, end, name)
      return toldByTools(completed.stderr)
    },
    getFile: async (end, fd, onSize) => {
      const completed = await call(end, 'send-file', [], { toFile: fd }, (line) => {
        const size = said(line)?.size
        if (size !== undefined) onSize(size)
      })
      const file = said(completed.stderr)
      const bytes = /^(\d+) bytes?\b.* copied/m.exec(completed.stderr)?.[1]
      if (completed.exitCode !== 0 || file === undefined || bytes === undefined)
        throw copyFailure(completed, end)
      return { mode: file.mode, bytes: Number(bytes) }
    },
    getTree: async (end, to) => {
      const completed = await call(end, 'send-tree', [], { to })
      if (/^::dvm error file$/m.test(completed.stderr)) return undefined
      if (completed.exitCode !== 0) throw copyFailure(completed, end)
      return toldByTools(completed.stderr)
    },
  }
}

/** The script's line about the file that it is about to send. */
const said = (text: string): { readonly size: number; readonly mode: number } | undefined => {
  const match = /^::dvm file (\d+) ([0-7]+)$/m.exec(text)
  if (match === null) return undefined
  return { size: Number(match[1]), mode: Number.parseInt(match[2] ?? '', 8) }
}
