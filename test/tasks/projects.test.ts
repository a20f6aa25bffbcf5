// Projects at a sync: which containers are made, started or left, what the dev-base costs, and that one failure leaves the others alone.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { devBaseTag } from '../../src/core/dev-base.ts'
import { DvmError } from '../../src/core/errors.ts'
import type { ProjectContainer } from '../../src/ports/containers/index.ts'
import { unreachable } from '../../src/ports/lima/errors.ts'
import { addProject } from '../../src/tasks/add-project.ts'
import { planDevBase } from '../../src/tasks/dev-base.ts'
import { listProjects, removeProject } from '../../src/tasks/project-actions.ts'
import { resetProject } from '../../src/tasks/reset-project.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryPodman } from '../support/memory-podman.ts'
import { memoryWorld } from '../support/memory-world.ts'

const setUp = (t: TestContext, variables: Record<string, string> = {}) => {
  const { podman, port } = memoryPodman()
  const world = memoryWorld(t, variables, () => ({ containers: port }))
  addVm(world.memory, 'dvm-app', 'Running')
  world.write('.config/dvm/vms/app/config.sh', '')
  const project = (name: string, text = '', setup?: string): void => {
    world.write(`.config/dvm/vms/app/projects/${name}/project.sh`, text)
    if (setup !== undefined) world.write(`.config/dvm/vms/app/projects/${name}/setup.sh`, setup)
  }
  const sync = (only?: string) => syncVm(world.deps, 'app', { wait: true, project: only })
  const told = (): string[] => world.story.splice(0)
  return { world, podman, project, sync, told, calls: () => podman.calls.splice(0) }
}
const failure = (promise: Promise<unknown>): Promise<DvmError> =>
  promise.then(
    () => assert.fail('it did not fail'),
    (error: unknown) => error as DvmError,
  )
test('a VM without projects is not asked about containers', async (t) => {
  const { sync, calls } = setUp(t)
  await sync()
  assert.deepEqual(calls(), [])
})

test('the first sync makes the VM fit and the containers; the next finds all in place', async (t) => {
  const { project, sync, calls, told, podman } = setUp(t)
  project('api', 'IMAGE=node:24\nPROJ_PORTS=(3000:80)\n', 'true\n')
  project('web', 'IMAGE=node:24\n')
  await sync()
  assert.deepEqual(calls(), [
    'state',
    'prepare',
    'state',
    'create dvm-app-api node:24',
    'script dvm-app-api in /work',
    'create dvm-app-web node:24',
  ])
  assert.deepEqual(told().slice(1, 4), ['✔ Prepare the containers of app', '✔ Project api', '✔ Project web'])
  assert.match(podman.fed[0] ?? '', /^export DVM_PROJECT=api$/m)
  assert.match(podman.fed[0] ?? '', /^export PROJ_PORTS=3000:80$/m)
  await sync()
  assert.deepEqual(calls(), ['state', 'script dvm-app-api in /work'])
})

test('sync VM/PROJECT runs the setup.sh of the VM, as each sync does, and brings up that one', async (t) => {
  const { project, sync, calls, world, told } = setUp(t)
  world.write('.config/dvm/vms/app/setup.sh', 'true\n')
  project('api', 'IMAGE=a\n')
  project('web', 'IMAGE=a\n')
  await sync('web')
  assert.deepEqual(calls().slice(3), ['create dvm-app-web a'])
  assert.deepEqual(told()[0], '✔ Prepare app and run its setup.sh')
  assert.equal((await failure(sync('nope'))).hint, 'dvm add app/nope')
})

test('a stopped container is started; one that project.sh has left behind is told, and kept', async (t) => {
  const { project, sync, calls, told, podman } = setUp(t)
  project('api', 'IMAGE=a\n')
  await sync()
  podman.containers.set('dvm-app-api', {
    ...(podman.containers.get('dvm-app-api') as ProjectContainer),
    state: 'exited',
  })
  project('api', 'IMAGE=b\nNESTED=1\n')
  calls()
  told()
  await sync()
  assert.deepEqual(calls(), ['state', 'start dvm-app-api'])
  assert.deepEqual(told().slice(2, 4), [
    '  app/api keeps what its container was made with: image a (project.sh: b), nested 0 (project.sh: 1); to change it: dvm reset app/api --yes --keep-data',
    '✔ Project api',
  ])
})

test('setup.sh runs where the workspace of the container is, until a reset moves it', async (t) => {
  const { project, sync, calls, podman } = setUp(t)
  project('api', 'IMAGE=a\n', 'true\n')
  await sync()
  project('api', 'IMAGE=a\nPROJ_WORKDIR=/src\n', 'true\n')
  calls()
  podman.fed.length = 0
  await sync()
  assert.deepEqual(calls(), ['state', 'script dvm-app-api in /work'])
  assert.match(podman.fed[0] ?? '', /^export PROJ_WORKDIR=\/work$/m)
})

test('a setup.sh that fails names the project and its log', async (t) => {
  const { project, sync, podman, world } = setUp(t)
  project('api', 'IMAGE=a\n', 'false\n')
  podman.scripts.set('dvm-app-api', 3)
  const error = await failure(sync())
  assert.deepEqual(
    [error.message, error.hint, error.logFile],
    [
      `${world.home}/.config/dvm/vms/app/projects/api/setup.sh ended with exit code 3`,
      'correct it, then: dvm sync app/api',
      `${world.home}/.local/state/dvm/app/project-api.log`,
    ],
  )
})

test('a project that fails leaves the others alone; the first failure is the sync’s, the rest are named', async (t) => {
  const { project, sync, podman, calls, told, world } = setUp(t)
  for (const name of ['api', 'bad', 'web', 'x']) project(name, 'IMAGE=a\n', 'true\n')
  podman.scripts.set('dvm-app-api', 3)
  podman.at = (call) => {
    if (call === 'create dvm-app-bad a')
      throw new DvmError('network', 'the registry has no such image', { hint: 'correct IMAGE in project.sh' })
  }
  podman.scripts.set('dvm-app-x', 4)
  assert.match((await failure(sync())).message, /projects\/api\/setup\.sh ended with exit code 3$/)
  const setup = `${world.home}/.config/dvm/vms/app/projects/x/setup.sh`
  assert.deepEqual(told().slice(1), [
    '✔ Prepare the containers of app',
    '✖ Project api',
    '✖ Project bad',
    '✔ Project web',
    '✖ Project x',
    'warning: app/bad failed too: the registry has no such image (correct IMAGE in project.sh)',
    `warning: app/x failed too: ${setup} ended with exit code 4 (correct it, then: dvm sync app/x)`,
  ])
  assert.ok(calls().includes('script dvm-app-web in /work'))
})

test('a VM that was lost is tried once, not once for each project', async (t) => {
  const { project, sync, podman, calls, told } = setUp(t)
  for (const name of ['api', 'bad', 'web']) project(name, 'IMAGE=a\n')
  podman.at = (call) => {
    if (call === 'create dvm-app-bad a') throw unreachable('dvm-app')
  }
  assert.equal((await failure(sync())).message, 'dvm-app does not answer over ssh')
  assert.deepEqual(told().slice(2), ['✔ Project api', '✖ Project bad'])
  assert.deepEqual(calls().slice(3), ['create dvm-app-api a', 'create dvm-app-bad a'])
})

test('neither is it when it was lost while the dev-base was built; a builder that was lost is not it', async (t) => {
  const { project, sync, podman, calls, world } = setUp(t)
  world.write('.config/dvm/base/dev/Containerfile', 'FROM nowhere\n')
  project('api')
  project('own', 'IMAGE=a\n')
  let lost = 'dvm-app'
  podman.at = (call) => {
    if (call.startsWith('build in app')) throw unreachable(lost)
  }
  await failure(sync())
  assert.match(calls().at(-1) ?? '', /^build in app/)
  lost = 'dvm-builder'
  await failure(sync())
  assert.equal(calls().at(-1), 'create dvm-app-own a')
})

test('Ctrl-C in one project begins none of the others', async (t) => {
  const { project, sync, podman, calls, world } = setUp(t)
  for (const name of ['api', 'web']) project(name, 'IMAGE=a\n', 'true\n')
  await sync()
  calls()
  const script = 'script dvm-app-api in /work'
  podman.at = (call) => {
    if (call !== script) return
    world.interrupt()
    throw new Error('gone')
  }
  await assert.rejects(sync())
  assert.deepEqual(calls(), ['state', script])
})

test('a dev-base that cannot be built concerns those alone that run from it', async (t) => {
  const { project, sync, podman, calls, told, world } = setUp(t)
  world.write('.config/dvm/base/dev/Containerfile', 'FROM nowhere\n')
  const { hash } = (await planDevBase(world.deps)) ?? { hash: '' }
  const build = `build in app ${hash.slice(0, 4)} docker.io/library/debian@sha25`
  podman.at = (call) => {
    if (call === build) throw new DvmError('failed', 'exit status 9')
  }
  project('api')
  project('own', 'IMAGE=a\n')
  assert.equal((await failure(sync())).message, 'exit status 9')
  assert.deepEqual(told().slice(1), [
    '  there is no dev-base in it yet',
    '✖ Prepare the containers of app',
    '- Project api: skipped (the dev-base could not be built)',
    '✔ Project own',
  ])
  assert.deepEqual(calls().slice(3), [build, 'create dvm-app-own a'])
  await sync('own')
  assert.deepEqual(calls(), ['state'], 'who names an image of their own needs none')
  told()
  assert.equal((await failure(sync('api'))).message, 'exit status 9')
  assert.equal(told().at(-1), '✖ Prepare the containers of app')
})

test('what is wrong in any project.sh is told before the VM is touched', async (t) => {
  const { project, sync, calls, world } = setUp(t)
  project('good', 'IMAGE=a\n')
  project('bad', 'PROJ_WORKDIR=work\n')
  assert.equal((await failure(sync())).code, 'config')
  assert.deepEqual([calls(), world.memory.calls.filter((call) => call !== 'list')], [[], []])
})

test('without an image: the dev-base when the base directory has one, else the bare system by its pin', async (t) => {
  const { project, sync, calls, world } = setUp(t)
  project('api')
  await sync()
  assert.match(calls().at(-1) ?? '', /^create dvm-app-api docker\.io\/library\/debian@sha256:[0-9a-f]{64}$/)
  world.write('.config/dvm/vms/app/config.sh', 'DVM_DEV_BASE=registry.example/mine:1\n')
  project('web')
  await sync()
  assert.equal(calls().at(-1), 'create dvm-app-web registry.example/mine:1')
})

test('the dev-base: built in the VM when there is no builder, one look when nothing changed', async (t) => {
  const { project, sync, calls, world } = setUp(t)
  world.write('.config/dvm/base/dev/Containerfile', 'ARG DVM_DEV_FROM\nFROM ${DVM_DEV_FROM}\n')
  project('api')
  await sync()
  const plan = await planDevBase(world.deps)
  assert.ok(plan)
  assert.deepEqual(calls().slice(3), [
    `build in app ${plan.hash.slice(0, 4)} docker.io/library/debian@sha25`,
    `create dvm-app-api ${devBaseTag}`,
  ])
  await sync()
  assert.deepEqual(calls(), ['state'])
  const rebuilding = { ...world.deps, env: { ...world.deps.env, rebuildDevBase: true } }
  await syncVm(rebuilding, 'app', { wait: true })
  assert.match(calls()[1] ?? '', /^build in app .* without cache$/)
  world.write('.config/dvm/base/packages.txt', 'tree\n')
  await sync()
  const after = calls()
  assert.match(after[1] ?? '', /^build in app /)
  assert.deepEqual(after.slice(2), ['state'])
})

test('a container that is behind the dev-base is told by the sync that builds it, by later ones and by ls', async (t) => {
  const { project, sync, told, world } = setUp(t)
  world.write('.config/dvm/base/dev/Containerfile', 'ARG DVM_DEV_FROM\nFROM ${DVM_DEV_FROM}\n')
  project('api')
  project('own', 'IMAGE=a\n')
  await sync()
  const drift = async () => (await listProjects(world.deps, 'app')).flatMap((row) => row.drift)
  assert.deepEqual(await drift(), [])
  told()
  world.write('.config/dvm/base/packages.txt', 'tree\n')
  const line =
    '  app/api keeps what its container was made with: an older build of localhost/dvm-dev-base:latest; to change it: dvm reset app/api --yes --keep-data'
  for (const _ of ['the one that builds it', 'a later one']) {
    await sync()
    assert.deepEqual(
      told().filter((each) => each.includes('keeps what its container')),
      [line],
    )
  }
  assert.deepEqual(await drift(), ['an older build of localhost/dvm-dev-base:latest'])
  await resetProject(world.deps, { vm: 'app', project: 'api' }, { yes: true, force: false, keepData: true })
  assert.deepEqual(await drift(), [])
})

test('the dev-base: built once in the builder, and streamed into the VM', async (t) => {
  const { project, sync, calls, world } = setUp(t)
  addVm(world.memory, 'dvm-builder', 'Stopped')
  world.write('.config/dvm/base/dev/Containerfile', 'ARG DVM_DEV_FROM\nFROM ${DVM_DEV_FROM}\n')
  project('api')
  await sync()
  assert.deepEqual(calls().slice(3), [
    `load archive of ${devBaseTag} into app`,
    `create dvm-app-api ${devBaseTag}`,
  ])
  assert.ok(world.memory.calls.includes(`build ${devBaseTag}`))
  assert.equal(world.memory.calls.at(-1), `save ${devBaseTag}`)
})

test('ls, rm and reset of projects', async (t) => {
  const { project, sync, calls, world, told } = setUp(t)
  project('api', 'IMAGE=a\n')
  await sync()
  project('api', 'IMAGE=b\n')
  project('web', 'IMAGE=b\n')
  // Resetting one project does not set the VM up again.
  world.write('.config/dvm/vms/app/setup.sh', 'true\n')
  assert.deepEqual(await listProjects(world.deps, 'app'), [
    { name: 'api', state: 'running', image: 'a', drift: ['image a (project.sh: b)'], configured: true },
    { name: 'web', state: 'none', image: 'b', drift: [], configured: true },
  ])
  calls()
  told()
  const api = { vm: 'app', project: 'api' }
  const refused = await failure(resetProject(world.deps, api, { yes: false, force: false, keepData: true }))
  assert.deepEqual([refused.code, refused.hint], ['refused', 'dvm reset app/api --yes --keep-data'])
  await resetProject(world.deps, api, { yes: true, force: false, keepData: true })
  assert.deepEqual(calls(), [
    'state',
    'pull b for dvm-app-api',
    'remove dvm-app-api but not its volume',
    'create dvm-app-api b',
  ])
  assert.equal(told()[0], '✔ Prepare app')
  const options = { yes: true, force: false, keepData: false, config: true }
  assert.deepEqual(await removeProject(world.deps, api, options), {
    found: 'container',
    meant: undefined,
    configDirectory: `${world.home}/.config/dvm/vms/app/projects/api`,
    configRemains: false,
  })
  assert.deepEqual(calls(), ['workspaces', 'script dvm-app-api in /work', 'remove dvm-app-api'])
  assert.equal((await removeProject(world.deps, api, options)).found, 'vm', 'it had no container')
})

test('a reset whose port the VM has given away by now is told before anything is removed', async (t) => {
  const { project, sync, calls, world } = setUp(t)
  project('api', 'IMAGE=a\nPROJ_PORTS=(8080:3000)\n')
  await sync()
  calls()
  world.write('.config/dvm/vms/app/config.sh', 'DVM_PORTS=(8080:80)\n')
  const reset = resetProject(
    world.deps,
    { vm: 'app', project: 'api' },
    { yes: true, force: true, keepData: false },
  )
  assert.match((await failure(reset)).message, /^port 8080 of this machine is given twice/)
  assert.deepEqual(calls(), [])
})

test('add writes a project’s files, once, and only into a VM that is configured', async (t) => {
  const { world } = setUp(t)
  const written = await addProject(world.deps, 'app/api')
  assert.deepEqual(
    written.map((path) => path.slice(world.home.length)),
    ['/.config/dvm/vms/app/projects/api/project.sh', '/.config/dvm/vms/app/projects/api/setup.sh'],
  )
  assert.equal((await failure(addProject(world.deps, 'app/api'))).code, 'refused')
  assert.equal((await failure(addProject(world.deps, 'other/api'))).hint, 'dvm new other')
  assert.equal(
    (await failure(addProject(world.deps, 'apps/api'))).hint,
    'dvm add app/api, or for a new VM: dvm new apps',
  )
})
