// Lima in memory for tests of tasks: as strict as the real one about transitions, with a journal and a place to interfere.
import { DvmError } from '../../src/core/errors.ts'
import { bringUp } from '../../src/core/names.ts'
import type { CreateSpec, GuestCommand, Instance, InstanceStatus, Lima } from '../../src/ports/lima/index.ts'
import type { Completed } from '../../src/core/command.ts'
import { createLima } from '../../src/ports/lima/index.ts'
import { createExec } from '../../src/system/exec.ts'

/** What is inside a VM that was provisioned as a builder; gone with the VM. */
export interface Guest {
  marker: string
  /** The work directory exists. */
  work: boolean
  shipped: boolean
  output: boolean
  readonly images: Set<string>
  readonly labels: Map<string, Readonly<Record<string, string>>>
}

export interface MemoryVm {
  instance: Instance
  readonly spec: CreateSpec | undefined
  readonly guest: Guest
}

export interface Memory {
  readonly vms: Map<string, MemoryVm>
  /** Every call in order, for example `start dvm-app`; those that take things back begin with `undo `. */
  readonly calls: string[]
  /** Runs before each call does anything; what it throws is the call's failure. */
  at: (call: string) => void | Promise<void>
  /** What a command in a guest answers. */
  run: (instance: Instance, guest: GuestCommand) => Partial<Completed>
  /** Lima's private keys; their public halves are beside them. */
  identityFiles: readonly string[]
  /** Exit code of `attach`. */
  attached: number
  readonly signal: AbortSignal
}

export const createMemory = (signal: AbortSignal): Memory => ({
  vms: new Map(),
  calls: [],
  at: () => undefined,
  run: () => ({}),
  identityFiles: ['/lima/_config/user'],
  attached: 0,
  signal,
})

/** The same Lima for a part of the run that ends with a signal of its own. */
export const until = (memory: Memory, signal: AbortSignal): Memory =>
  Object.create(memory, { signal: { value: signal } }) as Memory

export const addVm = (
  memory: Memory,
  name: string,
  status: InstanceStatus = 'Running',
  change: Partial<Instance> = {},
): MemoryVm => {
  const instance: Instance = {
    name,
    status,
    dir: `/lima/${name}`,
    arch: 'x86_64',
    vmType: 'qemu',
    cpus: 2,
    memory: 2 * 1024 ** 3,
    disk: 30 * 1024 ** 3,
    sshConfigFile: undefined,
    sshLocalPort: 0,
    errors: [],
    ...change,
  }
  const guest: Guest = {
    marker: '',
    work: false,
    shipped: false,
    output: false,
    images: new Set(),
    labels: new Map(),
  }
  const vm = { instance, spec: undefined, guest }
  memory.vms.set(name, vm)
  return vm
}

/** Records a call and lets the test interfere. A port of an interrupted run starts nothing any more. */
export const enter = async (memory: Memory, undo: boolean, call: string): Promise<void> => {
  memory.calls.push(undo ? `undo ${call}` : call)
  await memory.at(undo ? `undo ${call}` : call)
  if (!undo && memory.signal.aborted) throw new DvmError('failed', `interrupted: ${call}`)
}

export const completed = (change: Partial<Completed> = {}): Completed => ({
  command: 'guest',
  exitCode: 0,
  code: undefined,
  stdout: '',
  stderr: '',
  timedOut: false,
  canceled: false,
  ...change,
})

const gib = 1024 ** 3

export const createMemoryLima = (memory: Memory, undo = false): Lima => {
  const call = (text: string): Promise<void> => enter(memory, undo, text)
  const must = (name: string): MemoryVm => {
    const vm = memory.vms.get(name)
    if (vm === undefined)
      throw new DvmError('not-found', `there is no Lima instance ${name}`, { hint: bringUp(name) })
    return vm
  }
  const set = (name: string, status: InstanceStatus): void => {
    const vm = must(name)
    vm.instance = { ...vm.instance, status }
  }
  const running = (instance: Instance): void => {
    if (must(instance.name).instance.status !== 'Running')
      throw new DvmError('failed', `the Lima instance ${instance.name} is stopped`, {
        hint: bringUp(instance.name),
      })
  }
  // Only for the texts of a dry run: pure, it starts nothing.
  const words = createLima({
    exec: createExec(new AbortController().signal),
    limactl: 'limactl',
    logLevel: 'warn',
    variables: {},
    warn: () => undefined,
  })
  return {
    version: async () => {
      await call('version')
      return '2.2.0'
    },
    refuseTooOld: () => call('version'),
    list: async () => {
      await call('list')
      return [...memory.vms.values()].map(({ instance }) => instance)
    },
    vmTypes: async () => {
      await call('info')
      return ['qemu']
    },
    create: async (spec, onLine) => {
      await call(`create ${spec.name}`)
      if (memory.vms.has(spec.name))
        throw new DvmError('failed', `the Lima instance ${spec.name} already exists`)
      onLine?.(`creating ${spec.name}`, 'stderr')
      const vm = addVm(memory, spec.name, 'Stopped', {
        cpus: spec.cpus ?? 4,
        memory: (spec.memory ?? 4) * gib,
        disk: (spec.disk ?? 100) * gib,
      })
      memory.vms.set(spec.name, { ...vm, spec })
    },
    start: async (name, _, onLine) => {
      await call(`start ${name}`)
      onLine?.(`starting ${name}`, 'stderr')
      if (must(name).instance.status === 'Broken') throw new DvmError('failed', `${name} is half running`)
      set(name, 'Running')
    },
    stop: async (name, { force = false } = {}) => {
      await call(`stop ${name}${force ? ' --force' : ''}`)
      if (!force && must(name).instance.status !== 'Running')
        throw new DvmError('failed', `the Lima instance ${name} is stopped`, { hint: bringUp(name) })
      set(name, 'Stopped')
    },
    delete: async (name, { force = false } = {}) => {
      await call(`delete ${name}${force ? ' --force' : ''}`)
      if (memory.vms.get(name)?.instance.status === 'Running' && !force)
        throw new DvmError('failed', `the Lima instance ${name} is running`)
      memory.vms.delete(name)
    },
    run: async (instance, guest, onLine) => {
      await call(`run ${instance.name}: ${guest.argv.join(' ')}`)
      running(instance)
      const result = completed(memory.run(instance, guest))
      if (result.stdout !== '')
        for (const line of result.stdout.trimEnd().split('\n')) onLine?.(line, 'stdout')
      return result
    },
    stream: () => Promise.reject(new Error('tasks stream through the builder port')),
    attach: async (instance, guest, options) => {
      await call(`attach ${instance.name} ${JSON.stringify(options)}: ${guest.argv.slice(8).join('|')}`)
      running(instance)
      return memory.attached
    },
    endpoint: ({ sshLocalPort }) =>
      Promise.resolve(
        sshLocalPort === 0
          ? undefined
          : { port: sshLocalPort, identityFiles: memory.identityFiles, loginUser: 'lima' },
      ),
    copy: () => Promise.reject(new Error('no task copies yet')),
    createCommand: (spec) => words.createCommand(spec),
    startCommand: (name) => words.startCommand(name),
  }
}
