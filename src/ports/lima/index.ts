// The Lima port. Thin: command lines, parsing, wording and the ways into a guest are in the files beside it.
import type { Command, Completed } from '../../core/command.ts'
import { setOnly } from '../../core/environment.ts'
import { DvmError, messageOf } from '../../core/errors.ts'
import type { Exec, OnLine } from '../../system/exec.ts'
import type { Acceleration, Host } from './accel.ts'
import { decideAcceleration, dependsOnKvm, probeKvm } from './accel.ts'
import * as argv from './argv.ts'
import { limaError } from './errors.ts'
import { parseInstances, parseVmTypes, renderLogLine, tryInstances } from './parse.ts'
import { createGuestShell } from './shell.ts'
import type { CreateSpec, Instance, Lima } from './types.ts'

export type * from './types.ts'

export interface LimaOptions {
  readonly exec: Exec
  /** A name on PATH or a path. */
  readonly limactl: string
  readonly logLevel: string
  /** The environment for limactl and ssh. */
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly warn: (line: string) => void
  /** Where the answer about KVM is kept until the next boot of the host. */
  readonly kvmCacheFile?: string
  readonly host?: Host
  readonly kvmDevice?: string
}

const minute = 60_000
const limits = {
  quick: minute,
  /** For what nobody needs to know. */
  glance: minute / 6,
  /** Lima 2.2 fetches and converts the image here, 2.1 at the first start. */
  fetch: 60 * minute,
  start: 10 * minute,
  startEmulated: 30 * minute,
  /** Lima waits up to 3m10s for its host agent, then 3m for the VM. */
  stop: 7 * minute,
  copy: 60 * minute,
} as const

export const createLima = (options: LimaOptions): Lima => {
  const { exec, limactl, logLevel } = options
  const host = options.host ?? { platform: process.platform, arch: process.arch }
  const variables = setOnly(options.variables)

  let acceleration: Promise<Acceleration> | undefined
  const accelerate = (): Promise<Acceleration> => {
    acceleration ??= (async () => {
      const kvm = dependsOnKvm(host, variables)
        ? await probeKvm({
            exec,
            host,
            env: variables,
            cacheFile: options.kvmCacheFile,
            device: options.kvmDevice ?? '/dev/kvm',
            bootIdFile: '/proc/sys/kernel/random/boot_id',
          })
        : 'unknown'
      const decided = decideAcceleration(host, variables, kvm)
      if (decided.warning !== undefined) options.warn(decided.warning)
      return decided
    })()
    return acceleration
  }

  const command = (args: readonly string[], timeoutMs: number, extra = {}): Command => ({
    file: limactl,
    args: [...argv.globalFlags(logLevel), ...args],
    env: { ...variables, ...extra },
    timeoutMs,
  })
  // `limactl start NAME` of an instance that does not exist makes one from its default template. Without templates it cannot. A place where
  // nobody can make a directory: one that is there and closed would be another error.
  const startVariables = { LIMA_TEMPLATES_PATH: '/proc/dvm-has-no-templates' }
  const createCommand = (spec: CreateSpec, extra = {}): Command =>
    command(argv.createArgs(spec), limits.fetch, extra)
  const startCommand = (name: string, timeoutMs: number, extra = {}): Command =>
    command(argv.startArgs(name, timeoutMs), timeoutMs + limits.fetch, { ...startVariables, ...extra })

  const human = (onLine: OnLine | undefined): OnLine | undefined =>
    onLine && ((line, stream) => onLine(renderLogLine(line), stream))

  const limaCall = async (
    call: Command,
    attempt: { what: string; name?: string },
    onLine?: OnLine,
  ): Promise<Completed> => {
    const completed = await exec.capture(call, human(onLine))
    if (completed.exitCode === 0 && !completed.canceled) return completed
    if (completed.exitCode !== undefined)
      onLine?.(`limactl could not ${attempt.what}: exit code ${completed.exitCode}`, 'stderr')
    throw limaError(completed, {
      ...attempt,
      ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
    })
  }

  const list = async (): Promise<readonly Instance[]> => {
    const listing = { what: 'list Lima instances' }
    const call = argv.shortListCommand({ limactl, logLevel, variables })
    const short = await exec.capture(call)
    if (short.exitCode === undefined || short.canceled)
      throw limaError(short, { ...listing, timeoutMs: call.timeoutMs })
    const found = short.exitCode === 0 ? tryInstances(short.stdout) : undefined
    if (found !== undefined) return found
    // Lima's own format: a limactl that fails with it, too, says what is wrong.
    const { stdout } = await limaCall(command(argv.listArgs, limits.quick), listing)
    return parseInstances(stdout)
  }
  const isThere = async (name: string): Promise<boolean> =>
    (await list()).some((instance) => instance.name === name)
  /** A create that fails late (a disk that is too small, no space) leaves an instance that nobody asked for. */
  const removeLeftover = async (name: string): Promise<void> => {
    await exec.capture(command(argv.deleteArgs(name, true), limits.stop))
  }

  // Not `version`: whatever else is wrong with this limactl is told by the call that meets it. It may be a stand-in that knows nothing
  // but VMs.
  const refuseTooOld = async (): Promise<void> => {
    const { exitCode, stdout } = await exec.capture(command(argv.versionArgs, limits.glance))
    if (exitCode !== 0 || stdout === '') return
    const { isTooOld, parseVersion, tooOld } = await import('./version.ts')
    const version = parseVersion(stdout)
    if (version !== undefined && isTooOld(version)) throw tooOld(version)
  }
  let age: Promise<void> | undefined

  const shell = createGuestShell({ exec, limactl, logLevel, variables })

  return {
    version: async () => {
      const { stdout } = await limaCall(command(argv.versionArgs, limits.quick), {
        what: 'ask limactl its version',
      })
      const { isTooOld, oldestLima, parseVersion, tooOld } = await import('./version.ts')
      const version = parseVersion(stdout)
      if (version === undefined) {
        options.warn(
          `limactl does not know its own version (${stdout.trim()}); dvm needs ${oldestLima} or later`,
        )
        return 'unknown'
      }
      if (isTooOld(version)) throw tooOld(version)
      return version
    },
    refuseTooOld: () => (age ??= refuseTooOld()),
    list,
    vmTypes: async () => {
      const { exitCode, stdout } = await exec.capture(command(argv.infoArgs, limits.glance))
      return exitCode === 0 ? parseVmTypes(stdout) : []
    },
    create: async (spec, onLine) => {
      const { name } = spec
      // Lima checks too, but then nobody could tell whose instance a failed call leaves behind.
      if (await isThere(name))
        throw new DvmError('failed', `the Lima instance ${name} already exists`, {
          hint: `limactl list ${name}`,
        })
      const call = createCommand(spec, (await accelerate()).variables)
      try {
        await limaCall(call, { what: `create ${name}`, name }, onLine)
      } catch (error) {
        // Unless another one made it in the meantime: then it is theirs.
        if (!/already exists/.test(messageOf(error))) await removeLeftover(name)
        throw error
      }
    },
    start: async (name, { timeoutMs } = {}, onLine) => {
      const accelerated = await accelerate()
      const limit = timeoutMs ?? (accelerated.emulated ? limits.startEmulated : limits.start)
      await limaCall(
        startCommand(name, limit, accelerated.variables),
        { what: `start ${name}`, name },
        onLine,
      )
    },
    stop: async (name, { force = false } = {}, onLine) => {
      await limaCall(command(argv.stopArgs(name, force), limits.stop), { what: `stop ${name}`, name }, onLine)
    },
    delete: async (name, { force = false } = {}, onLine) => {
      await limaCall(
        command(argv.deleteArgs(name, force), limits.stop),
        { what: `delete ${name}`, name },
        onLine,
      )
    },
    run: shell.run,
    stream: shell.stream,
    attach: shell.attach,
    endpoint: shell.endpoint,
    copy: async (instance, copy, onLine) => {
      // limactl takes whatever has a colon for `INSTANCE:PATH`, and scp reads % and globs in its own way.
      if (copy.host.includes(':') || /[%*?[\]\\]/.test(copy.guest))
        throw new DvmError(
          'usage',
          `cannot copy between ${copy.host} and ${copy.guest}: a name has : % * ? [ ] or \\ in it`,
          {
            hint: 'copy to a plain name, then rename',
          },
        )
      const call = command(argv.copyArgs(instance.name, copy), copy.timeoutMs ?? limits.copy)
      await limaCall(
        call,
        { what: `copy files (${copy.direction} ${instance.name})`, name: instance.name },
        onLine,
      )
    },
    createCommand: (spec) => createCommand(spec),
    startCommand: (name) => startCommand(name, limits.start),
  }
}
