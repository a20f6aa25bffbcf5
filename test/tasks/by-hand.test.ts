// Somebody deletes or stops a VM by hand, its connection drops, or Lima cannot list, between any two steps of a command: that ends in
// success or with what to type, nothing half-made stays, and a sync works afterwards.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import type { BashConfig } from '../../src/ports/bash-config.ts'
import type { StateStore } from '../../src/ports/state.ts'
import { resetVm } from '../../src/tasks/reset-vm.ts'
import { removeProject } from '../../src/tasks/project-actions.ts'
import { resetProject } from '../../src/tasks/reset-project.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { removeVm, stopVm } from '../../src/tasks/vms.ts'
import { addVm, type MemoryVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const name = 'dvm-app'

// There are hundreds of runs here: without a bash for a project's IMAGE, and without files for what is remembered of the VM.
const config: BashConfig = {
  readConfig: ([, , own = '']) =>
    Promise.resolve(own === '' ? {} : { IMAGE: { value: 'node:24', file: own } }),
}
const forgetful: StateStore = {
  read: () => Promise.resolve(undefined),
  write: () => Promise.resolve(),
  evaluation: () => Promise.resolve(undefined),
  keepEvaluation: () => Promise.resolve(),
  remove: () => Promise.resolve(),
}

/** A world with a VM and a project that are configured, and a guest that remembers what podman was asked. */
const setUp = (t: TestContext): World => {
  const world = memoryWorld(t, {}, () => ({ config, state: forgetful }))
  world.write('.config/dvm/vms/app/setup.sh', 'true\n')
  world.write('.config/dvm/vms/app/projects/api/setup.sh', 'true\n')
  // One that no dvm made here has been synced before.
  const guests = new WeakMap<MemoryVm, { ready: boolean; container: boolean }>()
  world.memory.run = (instance, { argv }) => {
    const vm = world.memory.vms.get(instance.name)
    assert.ok(vm)
    const guest = guests.get(vm) ?? { ready: vm.spec === undefined, container: vm.spec === undefined }
    guests.set(vm, guest)
    const asked = argv.slice(argv[1] === '--set-home' ? 10 : 0).join(' ')
    if (asked.startsWith('sudo bash -s -- ')) guest.ready = true
    if (asked.startsWith('podman run ')) guest.container = true
    if (asked.startsWith('podman rm ')) guest.container = false
    if (asked !== 'bash -s -- app') return {}
    const found = guest.container
      ? [{ Id: 'one', Names: ['dvm-app-api'], State: 'running', Image: 'node:24', Labels: {} }]
      : []
    const stdout = `::dvm ready ${guest.ready ? 'yes' : 'no'}\n::dvm containers\n${JSON.stringify(found)}\n::dvm images\n[]\n`
    return { stdout }
  }
  return world
}

const options = { yes: true, force: false, config: false, keepData: false }
const project = { vm: 'app', project: 'api' }

interface Command {
  readonly vm: 'missing' | 'Stopped' | 'Running'
  readonly run: (world: World) => Promise<unknown>
}
const commands: Readonly<Record<string, Command>> = {
  'sync of a new VM': { vm: 'missing', run: ({ deps }) => syncVm(deps, 'app', { wait: true }) },
  'sync of a stopped VM': { vm: 'Stopped', run: ({ deps }) => syncVm(deps, 'app', { wait: true }) },
  'sync of a running VM': { vm: 'Running', run: ({ deps }) => syncVm(deps, 'app', { wait: true }) },
  stop: { vm: 'Running', run: ({ deps }) => stopVm(deps, 'app') },
  rm: { vm: 'Running', run: ({ deps }) => removeVm(deps, 'app', options) },
  reset: { vm: 'Running', run: ({ deps }) => resetVm(deps, 'app', { ...options, typed: 'reset' }) },
  'rm of a project': { vm: 'Running', run: ({ deps }) => removeProject(deps, project, options) },
  'reset of a project': { vm: 'Running', run: ({ deps }) => resetProject(deps, project, options) },
}

const begin = (t: TestContext, vm: Command['vm']): World => {
  const world = setUp(t)
  if (vm !== 'missing') addVm(world.memory, name, vm)
  return world
}

const deeds: Readonly<Record<string, (world: World) => void>> = {
  deleted: ({ memory }) => void memory.vms.delete(name),
  stopped: ({ memory }) => {
    const vm = memory.vms.get(name)
    if (vm !== undefined) vm.instance = { ...vm.instance, status: 'Stopped' }
  },
  unlisted: () => {
    throw new DvmError('failed', 'could not list Lima instances', { hint: 'limactl list' })
  },
  cut: () => {
    throw new DvmError('failed', `${name} does not answer over ssh`, { hint: `dvm sync app` })
  },
}

const happensAt: Readonly<Record<string, RegExp>> = { cut: /^run /, unlisted: /^list$/ }

for (const [title, { vm, run }] of Object.entries(commands))
  for (const [deed, act] of Object.entries(deeds))
    test(`${title}: ${deed} at any moment`, async (t) => {
      const probe = begin(t, vm)
      await run(probe)
      const moments = [...probe.memory.calls]
      assert.ok(moments.length > 1, moments.join('\n'))
      for (const [index, moment] of moments.entries()) {
        if (!(happensAt[deed] ?? /./).test(moment)) continue
        const where = `${index}: ${moment}`
        const world = begin(t, vm)
        let seen = 0
        world.memory.at = (call) => {
          if (call.startsWith('undo')) return
          seen += 1
          if (seen === index + 1) act(world)
        }
        const error = await run(world).then(
          () => undefined,
          (error: unknown) => error,
        )
        world.memory.at = () => undefined
        assert.ok(error === undefined || error instanceof DvmError, `${where}: ${String(error)}`)
        if (error !== undefined) assert.notEqual(error.hint ?? '', '', `${where}: ${error.message}`)
        assert.equal(await world.deps.locks.holder('vm:app'), undefined, where)
        // What was there before and what came up stay; what was only just made does not.
        const cameUp = vm !== 'missing' || moments.slice(0, index).includes(`start ${name}`)
        const status = world.memory.vms.get(name)?.instance.status
        assert.ok(cameUp || status !== 'Stopped', where)
        await syncVm(world.deps, 'app', { wait: true })
        assert.equal(world.memory.vms.get(name)?.instance.status, 'Running', where)
      }
    })
