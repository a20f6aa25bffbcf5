// What is wrong with the files, or with a name, is said before a stopped VM is started for it.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { enter } from '../../src/tasks/enter.ts'
import { removeProject } from '../../src/tasks/project-actions.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const setUp = (t: TestContext, shared = ''): World => {
  const world = memoryWorld(t)
  world.write('.config/dvm/config.sh', shared)
  world.write('.config/dvm/vms/app/config.sh', '')
  world.write('.config/dvm/vms/app/projects/api/project.sh', '')
  addVm(world.memory, 'dvm-app', 'Stopped')
  return world
}
const options = { argv: [], tty: false, stdin: false, term: undefined }
const removal = { yes: true, force: false, keepData: false, config: false }

const commands: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  sync: ({ deps }) => syncVm(deps, 'app', { wait: true }),
  sh: ({ deps }) => enter(deps, 'app', options),
  'sh of a project': ({ deps }) => enter(deps, 'app/api', options),
  'rm of a project': ({ deps }) => removeProject(deps, { vm: 'app', project: 'api' }, removal),
}
for (const [name, run] of Object.entries(commands))
  test(`${name}: the agent of everybody's VM is refused, and nothing is started`, async (t) => {
    const world = setUp(t, 'DVM_FORWARD_AGENT=1\n')
    const { configDir } = world.deps.env
    await assert.rejects(run(world), {
      exitCode: 3,
      message: `${configDir}/config.sh: DVM_FORWARD_AGENT is for one VM: set it in ${configDir}/vms/app/config.sh, and not for all`,
      hint: 'correct that, then: dvm doctor',
    })
    assert.deepEqual([...new Set(world.memory.calls)], ['list'])
  })

test('sh of a project that there is not: nothing is started', async (t) => {
  const world = setUp(t)
  await assert.rejects(enter(world.deps, 'app/apu', options), { code: 'not-found' })
  assert.deepEqual(world.memory.calls, ['list'])
})
