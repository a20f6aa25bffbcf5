// Before something is deleted for good: work that exists nowhere else stops it, and what cannot be looked into is told.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import type { InstanceStatus } from '../../src/ports/lima/index.ts'
import { resetVm } from '../../src/tasks/reset-vm.ts'
import { removeVm } from '../../src/tasks/vms.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld } from '../support/memory-world.ts'

const setUp = (t: TestContext, status: InstanceStatus, found = '') => {
  const world = memoryWorld(t)
  addVm(world.memory, 'dvm-app', status)
  world.write('.config/dvm/vms/app/config.sh', '')
  world.memory.run = (_, { input = '' }) => ({ stdout: input.includes('refs/stash') ? found : '' })
  const remove = (force = false) => removeVm(world.deps, 'app', { yes: true, force, config: false })
  return { world, remove }
}
const work =
  'uncommitted changes\0/home/developer/code/app/api\x001 unpushed commit\0/home/developer/code/app/web\0'

test('work that exists nowhere else keeps the VM, is named, and needs --force to be lost', async (t) => {
  const { world, remove } = setUp(t, 'Running', work)
  const error = await remove().then(
    () => assert.fail('it was removed'),
    (error: unknown) => error as DvmError,
  )
  assert.deepEqual(
    [error.exitCode, error.message, error.tail, error.hint],
    [
      9,
      'app holds work that exists nowhere else',
      [
        '/home/developer/code/app/api: uncommitted changes',
        '/home/developer/code/app/web: 1 unpushed commit',
      ],
      'commit and push it, or lose it with: dvm rm app --yes --force',
    ],
  )
  await assert.rejects(resetVm(world.deps, 'app', { yes: true, force: false, typed: 'reset' }), {
    code: 'refused',
  })
  assert.ok(world.memory.vms.has('dvm-app'))
  assert.equal((await remove(true)).instance, true)
  assert.ok(!world.memory.vms.has('dvm-app'))
})

test('it looks as whom the VM was prepared for, whatever the configuration says by now or whether there is one', async (t) => {
  const { world, remove } = setUp(t, 'Running', work)
  await world.deps.state.write('app', { users: ['ada', 'eve'] })
  for (const config of ['DVM_USER=bob\n', 'DVM_CPUS=many\n', undefined]) {
    if (config === undefined) await world.deps.files.removeDirectory(`${world.home}/.config/dvm/vms/app`)
    else world.write('.config/dvm/vms/app/config.sh', config)
    world.reset()
    await assert.rejects(remove(), { code: 'refused' })
    // Side by side: which one begins is chance.
    const looks = world.memory.calls.filter((call) => call.endsWith(' bash -s')).sort()
    assert.deepEqual(
      looks.map((call) => [/--user (\S+)/.exec(call)?.[1], / dvm (\S+) bash/.exec(call)?.[1]]),
      ['ada', 'eve'].map((user) => [user, `/home/${user}/code/app`]),
    )
  }
})

test('an account that is not there is told', async (t) => {
  const { world, remove } = setUp(t, 'Running')
  await world.deps.state.write('app', { users: ['ada'] })
  world.memory.run = () => ({ exitCode: 1, stderr: 'sudo: unknown user ada\n' })
  await remove()
  assert.match(
    world.story.join('\n'),
    /^not looked into for unpushed work: app: the look into it as ada failed$/m,
  )
})

test('without git work --yes is enough', async (t) => {
  const { world, remove } = setUp(t, 'Running')
  await remove()
  assert.deepEqual([world.memory.vms.has('dvm-app'), world.story], [false, []])
})

for (const status of ['Stopped', 'Broken'] as const)
  test(`a VM that is ${status} is not started for a look, and that is told`, async (t) => {
    const { world, remove } = setUp(t, status, work)
    await remove()
    assert.deepEqual(world.story, ['not looked into for unpushed work: app does not run'])
    assert.deepEqual(
      world.memory.calls.filter((call) => call !== 'list'),
      ['delete dvm-app --force'],
    )
  })

test('one that does not answer is removed all the same, and why nobody looked is told', async (t) => {
  const { world, remove } = setUp(t, 'Running')
  world.memory.at = (call) => {
    if (call.startsWith('run ')) throw new DvmError('failed', 'dvm-app cannot be reached')
  }
  await remove()
  assert.deepEqual(world.story, [
    'not looked into for unpushed work: app: dvm-app cannot be reached',
    'not looked into for unpushed work: projects of app: dvm-app cannot be reached',
  ])
})

test('a reset of a VM whose configuration is wrong removes nothing', async (t) => {
  const { world } = setUp(t, 'Running')
  world.write('.config/dvm/vms/app/config.sh', 'DVM_CPUS=many\n')
  await assert.rejects(resetVm(world.deps, 'app', { yes: true, force: true, typed: 'reset' }), {
    code: 'config',
  })
  assert.ok(world.memory.vms.has('dvm-app'))
  await assert.rejects(resetVm(world.deps, 'app', { yes: false, force: true, typed: 'reset' }), {
    code: 'refused',
    hint: 'dvm reset app --yes',
  })
})
