// Projects that were made as another account, before DVM_USER changed: rootless podman is an account's own.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { DvmError, NoAccount } from '../../src/core/errors.ts'
import type { Containers, Place } from '../../src/ports/containers/index.ts'
import { listProjects, removeProject, stopProject } from '../../src/tasks/project-actions.ts'
import { resetProject } from '../../src/tasks/reset-project.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryPodman } from '../support/memory-podman.ts'
import { memoryWorld } from '../support/memory-world.ts'

/** A podman for each account. */
const byAccount = (ports: Readonly<Record<string, Containers>>): Containers =>
  new Proxy({} as Containers, {
    get:
      (_, name: keyof Containers) =>
      (place: Place, ...more: never[]): unknown => {
        const port = ports[place.user]
        assert.ok(port, `nobody is ${place.user} in that VM`)
        return (port[name] as (...all: unknown[]) => unknown)(place, ...more)
      },
  })

/** `api` was made as ada; now it is eve's turn. */
const setUp = async (t: TestContext) => {
  const [ada, eve] = [memoryPodman(), memoryPodman()]
  const containers = byAccount({ ada: ada.port, eve: eve.port })
  const world = memoryWorld(t, {}, (deps) => ({ containers, undo: { ...deps.undo, containers } }))
  addVm(world.memory, 'dvm-app', 'Running')
  const turn = (user: string): string => world.write('.config/dvm/vms/app/config.sh', `DVM_USER=${user}\n`)
  world.write('.config/dvm/vms/app/projects/api/project.sh', 'IMAGE=node:24\n')
  turn('ada')
  await syncVm(world.deps, 'app', { wait: true })
  turn('eve')
  await world.deps.state.write('app', { users: ['ada', 'eve'] })
  for (const { podman } of [ada, eve]) podman.calls.length = 0
  world.story.length = 0
  return { ada: ada.podman, eve: eve.podman, world }
}
const target = { vm: 'app', project: 'api' }
const options = { yes: true, force: false, keepData: false, config: false }

test('ls says whose a container is', async (t) => {
  const { world } = await setUp(t)
  assert.deepEqual(await listProjects(world.deps, 'app'), [
    {
      name: 'api',
      state: 'running',
      image: 'node:24',
      drift: ['account ada (DVM_USER: eve)'],
      configured: true,
    },
  ])
})

test('before its next sync a VM knows nobody else', async (t) => {
  const { world } = await setUp(t)
  await world.deps.state.write('app', { users: ['ada'] })
  assert.equal((await listProjects(world.deps, 'app'))[0]?.state, 'running')
  assert.equal((await removeProject(world.deps, target, options)).found, 'container')
})

test('stop and rm reach it, after a look at the work in it', async (t) => {
  const { world, ada } = await setUp(t)
  assert.equal(await stopProject(world.deps, target), true)
  ada.work.set('dvm-app-api', 'uncommitted changes\0/work\0')
  await assert.rejects(removeProject(world.deps, target, options), { code: 'refused' })
  ada.work.clear()
  assert.equal((await removeProject(world.deps, target, options)).found, 'container')
  assert.equal(ada.containers.size, 0)
})

test('reset makes it as the account of now, and says where a workspace that is kept stays', async (t) => {
  const { world, ada, eve } = await setUp(t)
  await resetProject(world.deps, target, { ...options, keepData: true })
  assert.deepEqual([ada.containers.size, eve.containers.size], [0, 1])
  assert.ok(ada.calls.includes('remove dvm-app-api but not its volume'))
  assert.ok(world.story.includes('app/api is removed from the account ada, too, where its workspace stays'))
})

test('an account that the VM does not have holds nothing', async (t) => {
  for (const turn of ['ada', 'eve'] as const) {
    const all = await setUp(t)
    all[turn].at = () => {
      throw new NoAccount('failed', 'nobody is that')
    }
    assert.equal((await listProjects(all.world.deps, 'app')).length, 1)
    await stopProject(all.world.deps, target)
    all.world.story.length = 0
    const { found } = await removeProject(all.world.deps, target, options)
    assert.deepEqual(
      all.world.story,
      turn === 'ada' ? [] : ['app/api is removed from the account ada, too'],
      'nothing is said of who is not there',
    )
    assert.equal(found, turn === 'ada' ? 'vm' : 'container')
  }
})

test('a VM that has none of them is no VM without projects', async (t) => {
  const { world, ada, eve } = await setUp(t)
  for (const { podman } of [{ podman: ada }, { podman: eve }])
    podman.at = () => {
      throw new NoAccount('failed', 'nobody is that')
    }
  await assert.rejects(listProjects(world.deps, 'app'), { message: 'nobody is that' })
  await assert.rejects(removeProject(world.deps, target, { ...options, config: true }), {
    message: 'nobody is that',
  })
  assert.ok(existsSync(join(world.home, '.config/dvm/vms/app/projects/api')))
})

test('two containers of one project, of two accounts, are told as that', async (t) => {
  const { world } = await setUp(t)
  await syncVm(world.deps, 'app', { wait: true })
  assert.deepEqual((await listProjects(world.deps, 'app'))[0]?.drift, [
    'another container of the account ada',
  ])
})

test('what fails as one of them is a failure, once all were asked, and its configuration stays', async (t) => {
  const { world, ada, eve } = await setUp(t)
  ada.at = (call) => {
    if (call.startsWith('remove')) throw new DvmError('failed', 'device or resource busy')
  }
  await assert.rejects(removeProject(world.deps, target, { ...options, config: true }), {
    message: 'device or resource busy',
  })
  assert.ok(eve.calls.includes('remove dvm-app-api'))
  assert.ok(existsSync(join(world.home, '.config/dvm/vms/app/projects/api')))
})

test('reset as an account that no sync has prepared yet has its image there first, too', async (t) => {
  const { world, ada, eve } = await setUp(t)
  await world.deps.state.write('app', { users: ['ada'] })
  eve.at = (call) => {
    if (call.startsWith('pull')) throw new DvmError('network', 'no such image')
  }
  await assert.rejects(resetProject(world.deps, target, options), { message: 'no such image' })
  assert.equal(ada.containers.size, 1)
  eve.at = () => undefined
  await resetProject(world.deps, target, options)
  assert.deepEqual([ada.containers.size, eve.containers.size], [0, 1])
})

test('work that came up while the image was fetched is not lost', async (t) => {
  const { world, ada, eve } = await setUp(t)
  eve.at = (call) => {
    if (call.startsWith('pull')) ada.work.set('dvm-app-api', 'uncommitted changes\0/work\0')
  }
  await assert.rejects(resetProject(world.deps, target, options), {
    code: 'refused',
    tail: ['app/api /work: uncommitted changes'],
    logFile: undefined,
    hint: 'commit and push it, or lose it with: dvm reset app/api --yes --force',
  })
  assert.equal(ada.containers.size, 1)
})

test('a look that fails only the second time is told', async (t) => {
  const { world, ada, eve } = await setUp(t)
  eve.at = (call) => {
    if (call.startsWith('pull')) ada.scripts.set('dvm-app-api', 1)
  }
  await resetProject(world.deps, target, options)
  assert.equal(world.story.filter((line) => line.startsWith('not looked into')).length, 1)
})

test('a container that only a look started does not run after it; one that is new does, whatever its setup.sh does', async (t) => {
  const { world, ada, eve } = await setUp(t)
  await stopProject(world.deps, target)
  eve.at = (call) => {
    if (call.startsWith('pull')) throw new DvmError('network', 'no such image')
  }
  await assert.rejects(resetProject(world.deps, target, options), { message: 'no such image' })
  assert.equal(ada.containers.get('dvm-app-api')?.state, 'exited')
  eve.at = () => undefined
  eve.scripts.set('dvm-app-api', 3)
  world.write('.config/dvm/vms/app/projects/api/setup.sh', 'exit 3\n')
  await assert.rejects(resetProject(world.deps, target, options), /ended with exit code 3/)
  assert.equal(eve.containers.get('dvm-app-api')?.state, 'running')
})
