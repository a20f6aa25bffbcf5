// Runs commands in guests: by ssh over Lima's control socket when there is one, otherwise by `limactl shell`.
import { access } from 'node:fs/promises'
import type { Command, Completed } from '../../core/command.ts'
import { DvmError } from '../../core/errors.ts'
import type { Exec, OnLine, Streams } from '../../system/exec.ts'
import { readTextIfThere } from '../../system/files.ts'
import * as argv from './argv.ts'
import { guestInterrupted, isLimaFailure, isSshFailure, limaError, unreachable } from './errors.ts'
import { controlSocket, guestTerm, sshArgs } from './guest.ts'
import { parseSshConfig } from './ssh-config.ts'
import type { AgentLogin, GuestCommand, Instance, Lima } from './types.ts'

export interface GuestShellOptions {
  readonly exec: Exec
  readonly limactl: string
  readonly logLevel: string
  readonly variables: Readonly<Record<string, string>>
}

const limits = { run: 10 * 60_000, stream: 60 * 60_000, probe: 40_000 } as const

export const createGuestShell = (
  options: GuestShellOptions,
): Pick<Lima, 'run' | 'stream' | 'attach' | 'endpoint'> => {
  const { exec, limactl, variables } = options
  // Nobody asked for more: then Lima's warnings do not come between what the command in the guest says.
  const logLevel = options.logLevel === 'warn' ? 'error' : options.logLevel

  /** Lima's ssh configuration when a master may be listening beside it; otherwise limactl finds its own way. */
  const sshConfigOf = async (instance: Instance, login?: AgentLogin): Promise<string | undefined> => {
    const file = instance.sshConfigFile
    // $SSH names another ssh, possibly with arguments; only limactl knows how to read it.
    if (file === undefined || (variables['SSH'] ?? '') !== '') return undefined
    try {
      await Promise.all([access(file), login === undefined ? access(controlSocket(file)) : undefined])
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
    login?: AgentLogin,
  ): Promise<Command> => {
    const config = await sshConfigOf(instance, login)
    if (config === undefined && login !== undefined)
      throw new DvmError('failed', `your ssh agent cannot be forwarded to ${instance.name}`, {
        hint: 'dvm must call ssh itself for that: unset SSH, or set DVM_FORWARD_AGENT=0 for this VM',
      })
    const shared = {
      env: terminal.tty ? { ...variables, TERM: guestTerm(variables['TERM']) } : variables,
      ...(guest.input === undefined ? {} : { input: guest.input }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }
    return config === undefined
      ? {
          file: limactl,
          args: [...argv.globalFlags(logLevel), ...argv.shellArgs(instance.name, guest)],
          ...shared,
        }
      : { file: 'ssh', args: sshArgs(instance, config, guest, terminal, login), ...shared }
  }

  /** ssh says 255 for its own failures, a guest's command may too: ask the guest again to tell them apart. */
  const answers = async (instance: Instance, login?: AgentLogin): Promise<boolean> => {
    const guest: GuestCommand = { argv: ['true'] }
    const completed = await exec.capture(
      await guestCommand(instance, guest, { tty: false, stdin: false }, limits.probe, login),
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
    attach: async (instance, guest, { tty = false, stdin = true, login } = {}) => {
      const call = await guestCommand(instance, guest, { tty, stdin: stdin !== false }, undefined, login)
      const code = await exec.attach(call, { stdin })
      if (code !== 255 || (await answers(instance, login))) return code
      if (login !== undefined && (await answers(instance)))
        throw new DvmError('failed', `${login.user} cannot log in to ${instance.name} over ssh`, {
          hint: 'dvm sync lets Lima’s key in to that account, and notes the VM’s host keys',
        })
      throw unreachable(instance.name)
    },
    endpoint: async (instance) => {
      const text =
        instance.sshConfigFile === undefined ? undefined : await readTextIfThere(instance.sshConfigFile)
      const found = parseSshConfig(text ?? '')
      return found === undefined || instance.sshLocalPort === 0
        ? found
        : { ...found, port: instance.sshLocalPort }
    },
  }
}
