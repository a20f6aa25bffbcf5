// A mistyped VM or project is answered with the command that was typed, on the nearest name; a name without a near one as ever.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import type { Target } from '../../src/core/target.ts'
import { addProject } from '../../src/tasks/add-project.ts'
import { copy } from '../../src/tasks/copy.ts'
import type { Deps } from '../../src/tasks/deps.ts'
import { enter } from '../../src/tasks/enter.ts'
import { meant } from '../../src/tasks/known-names.ts'
import { showLogs } from '../../src/tasks/logs.ts'
import { open } from '../../src/tasks/open.ts'
import { dryRunSync } from '../../src/tasks/plan-sync.ts'
import { listProjects, removeProject } from '../../src/tasks/project-actions.ts'
import { resetProject } from '../../src/tasks/reset-project.ts'
import { resetVm } from '../../src/tasks/reset-vm.ts'
import { installSshConfig } from '../../src/tasks/ssh-config.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { removeVm } from '../../src/tasks/vms.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryPodman } from '../support/memory-podman.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

/** A VM app with a project api, and an editor. */
const setUp = async (t: TestContext): Promise<World> => {
  const { podman, port } = memoryPodman()
  podman.ready = true
  const world = memoryWorld(t, {}, () => ({
    containers: { ...port, logs: () => Promise.resolve(125) },
    editors: { find: () => Promise.resolve('code'), open: () => Promise.resolve(0) },
  }))
  world.write('.config/dvm/vms/app/config.sh', '')
  world.write('.config/dvm/vms/app/projects/api/project.sh', '')
  addVm(world.memory, 'dvm-app', 'Running')
  await installSshConfig(world.deps)
  world.reset()
  return world
}

const hint = async (promise: Promise<unknown>): Promise<string | undefined> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof DvmError, String(error))
  assert.equal(error.code, 'not-found')
  return error.hint
}

const split = (text: string): Target => {
  const [vm = '', project] = text.split('/')
  return { vm, project }
}
const project = (text: string) => ({ vm: split(text).vm, project: split(text).project ?? '' })
const shell = { argv: [], tty: false, stdin: false, term: undefined }
const again = { yes: true, force: true, typed: 'recreate' } as const
const keep = { yes: true, force: true, keepData: true }
const recursive = { recursive: true, show: undefined }

type Run = (deps: Deps, name: string) => Promise<unknown>
const sync: Run = (deps, name) => syncVm(deps, split(name).vm, { wait: true, project: split(name).project })

/** [what was typed with @ for the name, what runs, what a name gets that is near none]; the rest is as ever. */
const commands: readonly (readonly [string, Run, vm: string | undefined, project: string | undefined])[] = [
  ['dvm sync @', sync, 'dvm new NAME', 'dvm add NAME'],
  [
    'dvm sync @ --dry-run',
    (deps, name) => dryRunSync(deps, split(name).vm, split(name).project),
    'dvm new NAME',
    'dvm add NAME',
  ],
  ['dvm sh @', (deps, name) => enter(deps, name, shell), undefined, 'dvm add NAME'],
  [
    'dvm ssh @ -- …',
    (deps, name) => enter(deps, name, { ...shell, argv: ['true'] }),
    undefined,
    'dvm add NAME',
  ],
  ['dvm cp -r @:x y', (deps, name) => copy(deps, `${name}:x`, 'y', recursive), undefined, 'dvm add NAME'],
  ['dvm open @ --editor code', (deps, name) => open(deps, name, 'code'), undefined, 'dvm add NAME'],
  ['dvm recreate @', (deps, name) => resetVm(deps, name, again), 'dvm new NAME', undefined],
  [
    'dvm reset @ --keep-data',
    (deps, name) => resetProject(deps, project(name), keep),
    undefined,
    'dvm add NAME',
  ],
  ['dvm logs @ -f', (deps, name) => showLogs(deps, name, true, () => undefined), 'dvm new NAME', undefined],
  ['dvm ls @', (deps, name) => listProjects(deps, name), 'dvm ls', undefined],
]

for (const [typed, run, otherVm, otherProject] of commands)
  test(typed.replace('@', 'NAME'), async (t) => {
    const { deps } = await setUp(t)
    const as = (name: string): string => typed.replace('@', name)
    const of = async (name: string): Promise<string> => (await hint(run(deps, name))) ?? ''
    const isProjects = typed.includes('--keep-data')
    if (!isProjects) {
      assert.equal((await of('ap')).split(', or ')[0], as('app'))
      if (otherVm !== undefined) assert.equal(await of('other'), otherVm.replace('NAME', 'other'))
    }
    if (otherProject === undefined) return
    assert.equal((await of('app/apu')).split(', or ')[0], as('app/api'))
    assert.equal(await of('app/other'), otherProject.replace('NAME', 'app/other'))
    assert.equal((await of('ap/api')).split(', or ')[0], as('app/api'), 'the VM of a project')
  })

test('a project is never new where its name is', async (t) => {
  const { deps } = await setUp(t)
  assert.equal(await hint(addProject(deps, 'ap/web')), 'dvm add app/web, or for a new VM: dvm new ap')
  assert.equal(await hint(sync(deps, 'app/apu')), 'dvm sync app/api, or for a new project: dvm add app/apu')
})

test('what is not there is removed without an error, and named', async (t) => {
  const { deps } = await setUp(t)
  const vm = { yes: true, force: true, config: true }
  assert.deepEqual((await removeVm(deps, 'ap', vm)).meant, 'dvm rm app')
  assert.deepEqual((await removeVm(deps, 'other', vm)).meant, undefined)
  const named = async (name: string) =>
    (await removeProject(deps, project(name), { ...keep, config: false })).meant
  assert.equal(await named('app/apu'), 'dvm rm app/api --keep-data')
  assert.equal(await named('ap/api'), 'dvm rm app/api --keep-data')
  assert.equal(await named('app/api'), undefined)
})

test('a configuration that goes with its name was no slip', async (t) => {
  const world = await setUp(t)
  const { deps } = world
  world.write('.config/dvm/vms/apps/config.sh', '')
  world.write('.config/dvm/vms/app/projects/apis/project.sh', '')
  const options = { yes: true, force: true, keepData: false, config: true }
  assert.equal((await removeProject(deps, project('app/apis'), options)).meant, undefined)
  assert.equal((await removeVm(deps, 'apps', options)).meant, undefined)
})

test('logs of a project that podman does not know', async (t) => {
  const { deps, story } = await setUp(t)
  assert.equal(await showLogs(deps, 'app/apu', false, () => undefined), 125)
  assert.deepEqual(story, ['  try: dvm logs app/api'])
  assert.equal(await showLogs(deps, 'app/api', false, () => undefined), 125)
  assert.equal(story.length, 1)
  const near = await hint(showLogs(deps, 'ap/api', false, () => undefined))
  assert.equal(near, 'dvm logs app/api, or for a new VM: dvm new ap')
})

test('names that no command takes are not offered', async (t) => {
  const world = await setUp(t)
  const { deps } = world
  world.write('.config/dvm/vms/base/config.sh', '')
  world.write('.config/dvm/vms/app/projects/a b/project.sh', '')
  assert.equal(await hint(sync(deps, 'bas')), 'dvm new bas')
  const typed = ({ vm, project: of }: Target): string => `${vm} ${of}`
  assert.equal(await meant(deps, { vm: 'bas', project: undefined }, typed), undefined)
  assert.equal(await meant(deps, { vm: 'app', project: 'ab' }, typed), undefined)
})
