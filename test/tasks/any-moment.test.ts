// Ctrl-C, or a failure, at each call of a command that makes or removes a VM or a container, before the call does anything and after it
// did: nothing half-made stays, what ever came up does, what runs in a guest is told to end, and the next run works.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { createStepRunner } from '../../src/cli/run-steps.ts'
import { DvmError, Interrupted } from '../../src/core/errors.ts'
import type { Containers, Place } from '../../src/ports/containers/index.ts'
import type { BashConfig } from '../../src/ports/bash-config.ts'
import type { Locks } from '../../src/ports/locks.ts'
import { createLogs, type Logs } from '../../src/ports/logs.ts'
import type { StateStore, VmState } from '../../src/ports/state.ts'
import { createBaseStore } from '../../src/ports/store/index.ts'
import type { Deps } from '../../src/tasks/deps.ts'
import { removeProject } from '../../src/tasks/project-actions.ts'
import { resetProject } from '../../src/tasks/reset-project.ts'
import { resetVm } from '../../src/tasks/reset-vm.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { removeVm } from '../../src/tasks/vms.ts'
import { publish } from '../support/generations.ts'
import { createMemoryBuilder } from '../support/memory-builder.ts'
import { addVm, createMemoryLima, type Memory, type MemoryVm } from '../support/memory-lima.ts'
import { memoryPodman } from '../support/memory-podman.ts'
import { memoryWorld } from '../support/memory-world.ts'

const name = 'dvm-app'
const container = 'dvm-app-api'
const options = { yes: true, force: false, config: false, keepData: false }
const project = { vm: 'app', project: 'api' }
const made = { image: 'node:24', nested: false, workdir: '/work', ports: [], trust: false }

type Deed = 'fails' | 'is interrupted before' | 'is interrupted after'
const deeds: readonly Deed[] = ['fails', 'is interrupted before', 'is interrupted after']

interface Command {
  /** Whether the VM and its project are there already. */
  readonly exists: boolean
  readonly builder: boolean
  readonly run: (deps: Deps) => Promise<unknown>
  /** What the VM is when it went well. */
  readonly leaves: 'nothing' | 'the VM' | 'the VM and its project'
}

const commands: Readonly<Record<string, Command>> = {
  'sync of a new VM': {
    exists: false,
    builder: false,
    leaves: 'the VM and its project',
    run: (deps) => syncVm(deps, 'app', { wait: true }),
  },
  recreate: {
    exists: true,
    builder: true,
    leaves: 'the VM and its project',
    run: (deps) => resetVm(deps, 'app', { ...options, typed: 'recreate' }),
  },
  'reset of a project': {
    exists: true,
    builder: false,
    leaves: 'the VM and its project',
    run: (deps) => resetProject(deps, project, options),
  },
  'rm of a project': {
    exists: true,
    builder: false,
    leaves: 'the VM',
    run: (deps) => removeProject(deps, project, options),
  },
  rm: { exists: true, builder: false, leaves: 'nothing', run: (deps) => removeVm(deps, 'app', options) },
}

interface Outcome {
  readonly error: unknown
  /** In order; those that take things back begin with `undo `. */
  readonly calls: readonly string[]
  /** The place in `calls` of the one that failed, or at which Ctrl-C came. */
  readonly hit: number
}

/** Hundreds of runs: no bash, and nothing on the disk that need not be. */
const light = () => {
  const states = new Map<string, VmState>()
  const held = new Set<string>()
  const config: BashConfig = { readConfig: () => Promise.resolve({}) }
  const state: StateStore = {
    read: (vm) => Promise.resolve(states.get(vm)),
    write: (vm, patch) => {
      const all = Object.entries({ ...states.get(vm), ...patch })
      states.set(vm, Object.fromEntries(all.filter(([, value]) => value !== undefined)))
      return Promise.resolve()
    },
    evaluation: () => Promise.resolve(undefined),
    keepEvaluation: () => Promise.resolve(),
    remove: (vm) => Promise.resolve(void states.delete(vm)),
  }
  const locks: Locks = {
    hold: async (resource, _, action) => {
      assert.ok(!held.has(resource), `${resource} is taken`)
      held.add(resource)
      try {
        return await action()
      } finally {
        held.delete(resource)
      }
    },
    holder: () => Promise.resolve(undefined),
  }
  const logs: Logs = {
    ...createLogs('/logs'),
    open: (path) => ({ path, line: () => undefined, tail: () => [], close: () => undefined }),
  }
  return { states, held, ports: { config, state, locks, logs } }
}

const nothing = (): Promise<void> => Promise.resolve()

/** Asks once: nothing of it changes in these tests. */
const once = <P extends object>(port: P): P => {
  const answers = new Map<string, unknown>()
  return new Proxy(port, {
    get: (target, method: string) => {
      const value: unknown = Reflect.get(target, method)
      if (
        typeof value !== 'function' ||
        !/^(text|pins|current|generationOf|scan|resolve|isDirectory|list|stamp|head)/.test(method)
      )
        return value
      return (...args: readonly unknown[]) => {
        const key = [method, ...args].join(' ')
        if (!answers.has(key)) answers.set(key, Reflect.apply(value, target, args))
        return answers.get(key)
      }
    },
  })
}

/** A world in which a command runs again and again, each time like a process of its own. */
const setUp = async (t: TestContext, { exists, builder }: Command) => {
  const { states, held, ports } = light()
  const world = memoryWorld(t, {}, ({ assets, context, files, store }) => ({
    ...ports,
    assets: once(assets),
    context: { ...once(context), pack: () => Readable.from(Buffer.alloc(2048)) },
    files: { ...once(files), write: nothing, remove: nothing },
    checkOwnership: nothing,
    store: once(store),
  }))
  world.write('.config/dvm/vms/app/setup.sh', 'true\n')
  world.write('.config/dvm/vms/app/projects/api/setup.sh', 'true\n')
  world.write('.config/dvm/base/dev/Containerfile', 'ARG DVM_DEV_FROM\nFROM ${DVM_DEV_FROM}\n')
  await publish(createBaseStore(world.deps.env.cacheDir))
  const { vms } = world.memory
  world.memory.run = () => ({})
  const podmans = new WeakMap<MemoryVm, ReturnType<typeof memoryPodman>>()
  const podmanIn = (vm: MemoryVm | undefined): ReturnType<typeof memoryPodman> => {
    if (vm?.instance.status !== 'Running') throw new DvmError('failed', `${name} does not run`)
    const found = podmans.get(vm) ?? memoryPodman()
    podmans.set(vm, found)
    return found
  }
  // Podman of the VM that is asked.
  const containers = new Proxy(memoryPodman().port, {
    get:
      (_, method: keyof Containers) =>
      (place: Place, ...args: never[]) =>
        (podmanIn(vms.get(place.instance.name)).port[method] as (...all: unknown[]) => unknown)(
          place,
          ...args,
        ),
  })

  const run = async (command: Command['run'], deed?: Deed, at = -1): Promise<Outcome> => {
    const abort = new AbortController()
    const calls: string[] = []
    let hit = -1
    const call = async (words: string, act: () => Promise<unknown>): Promise<unknown> => {
      const now = calls.filter((text) => !text.startsWith('undo ')).length === at ? deed : undefined
      if (now !== undefined) hit = calls.length
      calls.push(words)
      if (now === 'fails') throw new DvmError('failed', `no ${words}`, { hint: 'try again' })
      if (now === 'is interrupted before') abort.abort(new Interrupted('SIGINT'))
      const result = abort.signal.aborted ? undefined : await act()
      if (now === 'is interrupted after') abort.abort(new Interrupted('SIGINT'))
      if (abort.signal.aborted) throw new DvmError('failed', `interrupted: ${words}`)
      return result
    }
    /** The port with all of its calls counted, or noted as taking back. */
    const counted = <P extends object>(port: P, undo = false): P =>
      new Proxy(port, {
        get: (target, method: string) => {
          const value: unknown = Reflect.get(target, method)
          if (typeof value !== 'function' || /^(create|start)Command$|^endpoint$/.test(method)) return value
          return async (...args: readonly [unknown, ...{ readonly argv?: readonly string[] }[]]) => {
            const [first, second] = args
            const argv = second?.argv?.slice(0, 4).join(' ').split('\n')[0] ?? ''
            const who =
              typeof first === 'string' ? first : ((first as { name?: string } | undefined)?.name ?? '')
            const words = `${method} ${who} ${argv}`.trim()
            const act = () => Reflect.apply(value, target, args) as Promise<unknown>
            if (!undo) return call(words, act)
            calls.push(`undo ${words}`)
            return act()
          }
        },
      })
    // Never interrupted by itself.
    const memory: Memory = Object.create(world.memory, { calls: { value: [] } })
    const [lima, podman, build] = [
      createMemoryLima(memory),
      containers,
      createMemoryBuilder(memory, world.disk),
    ]
    const write = (): boolean => true
    const deps: Deps = {
      ...world.deps,
      signal: abort.signal,
      runSteps: createStepRunner({ write } as unknown as NodeJS.WriteStream, false, abort.signal),
      lima: counted(lima),
      builder: counted(build),
      containers: counted(podman),
      undo: { lima: counted(lima, true), builder: counted(build, true), containers: counted(podman, true) },
    }
    const error = await command(deps).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    return { error, calls, hit }
  }

  /** As before the first command. */
  const begin = async (): Promise<MemoryVm | undefined> => {
    vms.clear()
    states.clear()
    if (builder) addVm(world.memory, 'dvm-builder', 'Running')
    if (exists) {
      const vm = addVm(world.memory, name, 'Running')
      states.set('app', { generation: 'a'.repeat(64), users: ['developer'] })
      // Somebody stopped it: to be looked into it is started.
      await containers.create({ instance: vm.instance, user: 'developer' }, project, made, () => undefined)
      await containers.stop({ instance: vm.instance, user: 'developer' }, project)
    }
    return vms.get(name)
  }
  const containerIn = (vm: MemoryVm): string | undefined =>
    podmans.get(vm)?.podman.containers.get(container)?.state
  return { run, begin, vms, states, held, containerIn }
}

for (const [title, command] of Object.entries(commands))
  for (const deed of deeds)
    test(`${title}: ${deed} at any moment`, async (t) => {
      const { run, begin, vms, states, held, containerIn } = await setUp(t, command)
      const whole = (where: string): void => {
        const vm = vms.get(name)
        const found =
          vm && `${vm.instance.status} ${containerIn(vm) ?? 'without'} ${states.get('app')?.generation?.[0]}`
        const wanted = {
          nothing: undefined,
          'the VM': 'Running without a',
          'the VM and its project': 'Running running a',
        }
        assert.equal(found, wanted[command.leaves], where)
      }
      await begin()
      const probe = await run(command.run)
      assert.equal(probe.error, undefined)
      whole('without trouble')
      const moments = probe.calls.filter((call) => !call.startsWith('undo '))
      assert.ok(moments.length > 4, moments.join('\n'))
      for (const at of moments.keys()) {
        const before = await begin()
        const { error, calls, hit } = await run(command.run, deed, at)
        const where = `${hit}: ${calls[hit]}\n${calls.join('\n')}`
        assert.notEqual(hit, -1, where)
        if (deed !== 'fails') assert.ok(error instanceof Interrupted || error instanceof DvmError, where)
        else if (error === undefined) whole(where)
        else assert.ok(error instanceof DvmError && error.hint, where)
        assert.deepEqual([...held], [], where)

        const now = vms.get(name)
        const generation = states.get('app')?.generation
        const [cameUp, removed] = [`start ${name}`, `delete ${name}`].map((words) => {
          const index = calls.indexOf(words)
          return index !== -1 && (index < hit || error === undefined)
        })
        if (now === undefined) {
          // Gone: it never came up, or that was what was asked for.
          assert.ok(!cameUp, where)
          if (before === undefined) assert.equal(generation, undefined, where)
          else assert.ok(removed || calls[hit] === `delete ${name}`, where)
        } else {
          assert.ok(now === before || cameUp, `${where}\nit never came up, and is there`)
          assert.deepEqual([now.instance.status, generation], ['Running', 'a'.repeat(64)], where)
        }
        // What was started only to be looked into is stopped again where it stays.
        if (error !== undefined && now !== undefined && now === before && title !== 'reset of a project')
          assert.notEqual(containerIn(now), 'running', where)
        const goesOn = (begun: RegExp, ended: RegExp): boolean =>
          calls.some((call) => begun.test(call)) && !calls.some((call) => ended.test(call))
        if (error !== undefined && deed !== 'fails')
          assert.ok(!goesOn(/^run dvm-app bash -s -- dvm:sync/, /^undo run dvm-app sudo bash -s/), where)
        assert.ok(!goesOn(/^(ship|build) dvm-builder/, /^undo sweep dvm-builder/), where)

        const next = await run(command.run)
        assert.equal(next.error, undefined, where)
        whole(`${where}\nthen\n${next.calls.join('\n')}`)
      }
    })
