// Runs commands in guests: by ssh over Lima's control socket when there is one, otherwise by `limactl shell`.
import { access } from 'node:fs/promises'
import type { Command, Completed } from '../../core/command.ts'
import type { Exec, OnLine, Streams } from '../../system/exec.ts'
import * as argv from './argv.ts'
import { guestInterrupted, isLimaFailure, isSshFailure, limaError, unreachable } from './errors.ts'
import { controlSocket, guestTerm, sshArgs } from './guest.ts'
import type { GuestCommand, Instance, Lima } from './types.ts'

export interface GuestShellOptions {
  readonly exec: Exec
  readonly limactl: string
  readonly variables: Readonly<Record<string, string>>
}

const limits = { run: 10 * 60_000, stream: 60 * 60_000, probe: 40_000 } as const

export const createGuestShell = (options: GuestShellOptions): Pick<Lima, 'run' | 'stream' | 'attach'> => {
  const { exec, limactl, variables } = options

  /** Lima's ssh configuration when a master may be listening beside it; otherwise limactl finds its own way. */
  const sshConfigOf = async (instance: Instance): Promise<string | undefined> => {
    const file = instance.sshConfigFile
    // $SSH names another ssh, possibly with arguments; only limactl knows how to read it.
    if (file === undefined || (variables['SSH'] ?? '') !== '') return undefined
    try {
      await Promise.all([access(file), access(controlSocket(file))])
      return file
    } catch {
      return undefined
    }
  }

  const guestCommand = async (
    instance: Instance,
    guest: GuestCommand,
    terminal: { tty: boolean; stdin: boolean },
    timeoutMs: number | undefined,
  ): Promise<Command> => {
    const config = await sshConfigOf(instance)
    const shared = {
      env: terminal.tty ? { ...variables, TERM: guestTerm(variables['TERM']) } : variables,
      ...(guest.input === undefined ? {} : { input: guest.input }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }
    return config === undefined
      ? {
          file: limactl,
          args: [...argv.globalFlags('error'), ...argv.shellArgs(instance.name, guest)],
          ...shared,
        }
      : { file: 'ssh', args: sshArgs(instance, config, guest, terminal), ...shared }
  }

  /** ssh says 255 for its own failures, a guest's command may too: ask the guest again to tell them apart. */
  const answers = async (instance: Instance): Promise<boolean> => {
    const guest: GuestCommand = { argv: ['true'] }
    const completed = await exec.capture(
      await guestCommand(instance, guest, { tty: false, stdin: false }, limits.probe),
    )
    return completed.exitCode === 0
  }

  const guestCall = async (
    instance: Instance,
    guest: GuestCommand,
    streams: Streams,
    timeoutMs: number,
    onLine?: OnLine,
  ): Promise<Completed> => {
    const stdin = [guest.input, streams.from, streams.fromFile].some((each) => each !== undefined)
    const call = await guestCommand(instance, guest, { tty: false, stdin }, timeoutMs)
    const completed = await exec.stream(call, streams, onLine)
    const attempt = {
      what: `run ${guest.argv[0] ?? 'a shell'} in ${instance.name}`,
      name: instance.name,
      timeoutMs,
    }
    const interrupted = guestInterrupted(completed, attempt)
    if (interrupted !== undefined) throw interrupted
    if (call.file === limactl && isLimaFailure(completed)) throw limaError(completed, attempt)
    if (completed.exitCode === 255 && (isSshFailure(completed) || !(await answers(instance))))
      throw unreachable(instance.name, completed)
    return completed
  }

  return {
    run: (instance, guest, onLine) => guestCall(instance, guest, {}, guest.timeoutMs ?? limits.run, onLine),
    stream: (instance, guest, streams, onLine) =>
      guestCall(instance, guest, streams, guest.timeoutMs ?? limits.stream, onLine),
    attach: async (instance, guest, { tty = false, stdin = true } = {}) => {
      const code = await exec.attach(await guestCommand(instance, guest, { tty, stdin }, undefined), {
        stdin,
      })
      if (code === 255 && !(await answers(instance))) throw unreachable(instance.name)
      return code
    },
  }
}
