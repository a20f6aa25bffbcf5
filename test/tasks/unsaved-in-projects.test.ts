// Before a project, or a VM with projects, is deleted for good: each workspace is looked into, whoever made its container and whether it
// runs or not. What cannot be looked into is told.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { DvmError, Interrupted } from '../../src/core/errors.ts'
import type { ProjectContainer } from '../../src/ports/containers/index.ts'
import type { InstanceStatus } from '../../src/ports/lima/index.ts'
import { removeProject } from '../../src/tasks/project-actions.ts'
import { resetProject } from '../../src/tasks/reset-project.ts'
import { removeVm } from '../../src/tasks/vms.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryPodman } from '../support/memory-podman.ts'
import { memoryWorld } from '../support/memory-world.ts'

const setUp = (t: TestContext, status: InstanceStatus = 'Running') => {
  const { podman, port } = memoryPodman()
  // What stops them again must work after Ctrl-C as well.
  const stop = () => Promise.reject(new Error('an interrupted run stops nothing'))
  const world = memoryWorld(t, {}, ({ undo }) => ({
    containers: { ...port, stop },
    undo: { ...undo, containers: port },
  }))
  world.memory.run = () => ({})
  addVm(world.memory, 'dvm-app', status)
  world.write('.config/dvm/vms/app/projects/api/project.sh', 'IMAGE=a\n')
  const add = (project: string, change: Partial<ProjectContainer> = {}): void => {
    const spec = { image: 'a', nested: false, workdir: '/work', ports: [] }
    const about = { id: project, project, name: `dvm-app-${project}`, state: 'running', image: 'a' }
    podman.containers.set(about.name, { ...about, imageId: 'a', spec, workdir: '/work', ...change })
  }
  const options = { yes: true, force: false, keepData: false, config: false }
  return {
    world,
    podman,
    add,
    removeApi: () => removeProject(world.deps, { vm: 'app', project: 'api' }, options),
    resetApi: () => resetProject(world.deps, { vm: 'app', project: 'api' }, options),
    removeAll: () => removeVm(world.deps, 'app', { yes: true, force: false, config: false }),
  }
}
const work = 'uncommitted changes\0/src/repo\0'
const refusal = (tail: readonly string[]) => (error: unknown) =>
  error instanceof DvmError && error.code === 'refused' && (assert.deepEqual(error.tail, tail), true)

test('the container of an older dvm, which has no label, is looked into as any other', async (t) => {
  const { podman, add, removeApi, removeAll } = setUp(t)
  add('api', { spec: undefined, workdir: '/src' })
  podman.work.set('dvm-app-api', work)
  await assert.rejects(removeApi(), refusal(['app/api /src/repo: uncommitted changes']))
  await assert.rejects(removeAll(), refusal(['app/api /src/repo: uncommitted changes']))
  assert.deepEqual(podman.calls, [
    'workspaces',
    'script dvm-app-api in /src',
    'workspaces',
    'script dvm-app-api in /src',
  ])
})

test('rm and reset of a project in a stopped VM start its container to look, and leave it to the VM', async (t) => {
  const { podman, add, removeApi, resetApi, world } = setUp(t, 'Stopped')
  add('api', { state: 'exited' })
  podman.work.set('dvm-app-api', work)
  await assert.rejects(removeApi(), refusal(['app/api /src/repo: uncommitted changes']))
  assert.deepEqual(podman.calls.splice(0), ['workspaces', 'start dvm-app-api', 'script dvm-app-api in /work'])
  await assert.rejects(resetApi(), refusal(['app/api /src/repo: uncommitted changes']))
  podman.work.clear()
  await removeApi()
  assert.equal(podman.calls.at(-1), 'remove dvm-app-api')
  assert.deepEqual(world.story, ['starting app'])
})

test('a stopped container of a VM that runs is started for the look, and stopped again when it stays', async (t) => {
  const { podman, add, removeAll, world } = setUp(t)
  add('api', { state: 'exited' })
  add('web')
  podman.work.set('dvm-app-web', work)
  await assert.rejects(removeAll(), refusal(['app/web /src/repo: uncommitted changes']))
  assert.deepEqual(podman.calls, [
    'workspaces',
    'start dvm-app-api',
    'script dvm-app-api in /work',
    'script dvm-app-web in /work',
    'stop dvm-app-api',
  ])
  assert.ok(world.memory.vms.has('dvm-app'))
})

test('one that does not start, or has no bash, keeps nobody from looking into the others', async (t) => {
  const { podman, add, removeAll, world } = setUp(t)
  add('api', { state: 'exited' })
  add('bare')
  add('web')
  podman.at = (call) => {
    if (call === 'start dvm-app-api') throw new DvmError('failed', 'one of its ports is taken in the VM')
  }
  podman.scripts.set('dvm-app-bare', 127)
  podman.work.set('dvm-app-web', work)
  await assert.rejects(removeAll(), refusal(['app/web /src/repo: uncommitted changes']))
  podman.work.clear()
  await removeAll()
  assert.deepEqual(world.story, [
    'not looked into for unpushed work: app/api: one of its ports is taken in the VM',
    'not looked into for unpushed work: app/bare: there is no bash in it to look with',
  ])
})

test('a workspace that was kept without its container: a repository in it is not lost, the rest is named', async (t) => {
  const { podman, removeAll, removeApi, world } = setUp(t)
  const kept = { name: 'dvm-app-api', project: 'api' }
  podman.kept = [{ ...kept, repository: true }]
  const found = [
    'app/api: its workspace, kept without a container (volume dvm-app-api): a repository, and no container to look into it',
  ]
  await assert.rejects(removeAll(), refusal(found))
  await assert.rejects(removeApi(), refusal(found))
  podman.kept = [
    { ...kept, repository: false },
    { name: 'dvm-app-web', project: 'web', repository: undefined },
  ]
  const web =
    'not looked into for unpushed work: app/web: its workspace, kept without a container (volume dvm-app-web)'
  await removeApi()
  await removeAll()
  assert.deepEqual(world.story, [
    'app/api: its workspace, kept without a container (volume dvm-app-api) holds no repository and goes with the project',
    web,
    'app/api: its workspace, kept without a container (volume dvm-app-api) holds no repository and goes with the VM',
  ])
})

test('Ctrl-C during the look stops the containers that were started for it, and removes nothing', async (t) => {
  for (const at of ['start dvm-app-web', 'script dvm-app-web in /work']) {
    const { podman, add, removeAll, world } = setUp(t)
    add('api', { state: 'exited' })
    add('web', { state: 'exited' })
    add('x', { state: 'exited' })
    podman.at = (call) => {
      if (call !== at) return
      world.interrupt()
      throw new DvmError('failed', `interrupted: ${call}`)
    }
    await assert.rejects(removeAll(), Interrupted)
    const began = podman.calls.indexOf(at)
    assert.deepEqual(podman.calls.slice(began + 1), ['stop dvm-app-api', 'stop dvm-app-web'])
    assert.ok(world.memory.vms.has('dvm-app'))
  }
})

test('a configuration that is wrong does not keep a VM', async (t) => {
  const { removeAll, world } = setUp(t)
  world.write('.config/dvm/vms/app/config.sh', 'DVM_CPUS=many\n')
  await removeAll()
  assert.match(world.story.join('\n'), /^not looked into for unpushed work: app: .*DVM_CPUS/)
  assert.ok(!world.memory.vms.has('dvm-app'))
})
