// Facts about this machine, for `dvm doctor`: what is there and what it says. It judges nothing and changes nothing, apart from
// keeping QEMU's answer about KVM as every other command does.
import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import type { KvmDevice, KvmFacts } from '../core/doctor/kvm.ts'
import type { System } from '../core/doctor/packages.ts'
import type { Space } from '../core/doctor/resources.ts'
import type { Tool } from '../core/doctor/tool.ts'
import { isErrno } from '../core/errors.ts'
import { account, type Account } from '../system/account.ts'
import type { Exec } from '../system/exec.ts'
import { readTextIfThere } from '../system/files.ts'
import { totalMemory } from '../system/memory.ts'
import { decideAcceleration, dependsOnKvm, probeKvm, qemuOf } from './lima/accel.ts'

export type PathKind = 'file' | 'directory' | 'other' | 'missing' | 'unreadable'

/** What Lima's QEMU driver would run and with which acceleration. */
export interface QemuFacts extends KvmFacts {
  /** A name on PATH or a path. */
  readonly program: string
}

export interface HostFacts {
  readonly node: string
  readonly account: Account
  readonly isRoot: boolean
  /** Bytes that processes here may use in all. */
  readonly memory: number
  system(): Promise<System>
  /** A variable of the environment as it is. */
  variable(name: string): string | undefined
  /** Where a program is, by its name on PATH or by its path; undefined when it cannot be run. */
  locate(program: string): Promise<string | undefined>
  /** A program with its answer to `args`. It is stopped when it does not end. */
  tool(program: string, args: readonly string[]): Promise<Tool | undefined>
  /** What Lima's QEMU driver calls; undefined on a machine for which dvm knows no QEMU. */
  qemuProgram(): string | undefined
  /** With KVM tried out, which starts QEMU. Undefined as above. */
  qemu(): Promise<QemuFacts | undefined>
  space(path: string): Promise<Space>
  /** What is at a path, after links. `unreadable`: it or a directory above it is closed to this user. */
  kind(path: string): Promise<PathKind>
}

export interface HostFactsOptions {
  readonly exec: Exec
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly kvmCacheFile: string
}

const toolMs = 5000
const kvmDevice = '/dev/kvm'

const may = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  )

export const createHostFacts = ({ exec, variables, kvmCacheFile }: HostFactsOptions): HostFacts => {
  const host = { platform: process.platform, arch: process.arch }
  const env = Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  const own = account()
  const isRoot = own.uid === 0

  const locate: HostFacts['locate'] = async (program) => {
    const folders = program.includes('/') ? [''] : (env['PATH'] ?? '').split(delimiter)
    for (const folder of folders) {
      const path = program.includes('/') ? program : join(folder === '' ? '.' : folder, program)
      if ((await may(path, constants.X_OK)) && (await stat(path)).isFile()) return path
    }
    return undefined
  }

  return {
    node: process.versions.node,
    account: own,
    isRoot,
    memory: totalMemory(),
    system: async () => ({ ...host, osRelease: (await readTextIfThere('/etc/os-release')) ?? '' }),
    variable: (name) => variables[name],
    locate,
    tool: async (program, args) => {
      const path = await locate(program)
      if (path === undefined) return undefined
      const { exitCode, timedOut, stdout, stderr } = await exec.capture({
        file: path,
        args,
        env,
        timeoutMs: toolMs,
      })
      return {
        path,
        state: timedOut ? 'hangs' : exitCode === 0 ? 'runs' : 'fails',
        says: `${stdout}\n${stderr}`.trim(),
      }
    },
    qemuProgram: () => qemuOf(host, variables)?.program,
    qemu: async () => {
      const qemu = qemuOf(host, variables)
      if (qemu === undefined) return undefined
      const kvm = dependsOnKvm(host, variables)
        ? await probeKvm({
            exec,
            host,
            env,
            // As root (sudo keeps HOME in places) it would be a file in a user's home that is not the user's.
            cacheFile: isRoot ? undefined : kvmCacheFile,
            askAgain: true,
            device: kvmDevice,
            bootIdFile: '/proc/sys/kernel/random/boot_id',
          })
        : 'not-asked'
      const { emulated } = decideAcceleration(host, variables, kvm === 'not-asked' ? 'unknown' : kvm)
      const { program, variable } = qemu
      return { program, variable, kvm, emulated, device: await deviceFacts() }
    },
    space: async (path) => {
      for (let at = path; ; at = dirname(at))
        try {
          const [stats, { bavail, bsize }] = await Promise.all([stat(at), statfs(at)])
          return {
            at,
            isDirectory: stats.isDirectory(),
            mayWrite: await may(at, constants.W_OK | constants.X_OK),
            free: bavail * bsize,
            device: stats.dev,
          }
        } catch (error) {
          if (!isErrno(error, 'ENOENT', 'ENOTDIR') || at === dirname(at)) throw error
        }
    },
    kind: async (path) => {
      try {
        const stats = await stat(path)
        if (stats.isDirectory())
          return (await may(path, constants.R_OK | constants.X_OK)) ? 'directory' : 'unreadable'
        if (!stats.isFile()) return 'other'
        return (await may(path, constants.R_OK)) ? 'file' : 'unreadable'
      } catch (error) {
        if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 'missing'
        if (isErrno(error, 'EACCES', 'EPERM')) return 'unreadable'
        throw error
      }
    },
  }
}

/** Who may open /dev/kvm, by the group that it belongs to; undefined when there is no such device. */
const deviceFacts = async (): Promise<KvmDevice | undefined> => {
  const stats = await stat(kvmDevice).catch(() => undefined)
  if (stats === undefined) return undefined
  const groups = ((await readTextIfThere('/etc/group')) ?? '').split('\n').map((line) => line.split(':'))
  const [name, , , members = ''] = groups.find(([, , gid]) => gid === String(stats.gid)) ?? []
  return {
    group: name,
    groupMayOpen: (stats.mode & 0o060) === 0o060,
    isListed: members.split(',').includes(account().name),
  }
}
