// One list of packages for the VM's image and the dev-base, under one name, in every build.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { buildBase } from '../../src/tasks/base-build.ts'
import { dryRunSync } from '../../src/tasks/plan-sync.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { memoryWorld } from '../support/memory-world.ts'

test('the list of packages is in every build under one name: podman refuses to copy what is not there', async (t) => {
  const world = memoryWorld(t)
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\nRUN false\n')
  const build = () => buildBase(world.deps, { clean: false, noCache: false, bootTest: false, wait: true })
  const list = (): string =>
    execFileSync('tar', ['--extract', '--ignore-zeros', '--to-stdout', 'context/dvm-packages.txt'], {
      input: world.disk.archive,
    }).toString()
  await build()
  assert.equal(list().replaceAll(/^#.*\n/gm, ''), '')
  world.write('.config/dvm/base/packages.txt', 'tree\n')
  await build()
  assert.equal(list(), 'tree\n')
  world.write('.config/dvm/base/dvm-packages.txt', 'tmux\n')
  await build()
  assert.equal(list(), 'tmux\n', 'one of the user’s own is left alone')
  for (const flavour of ['debian', 'fedora'])
    for (const name of ['starter', 'dev'])
      assert.deepEqual(
        readFileSync(`templates/${flavour}/${name}.Containerfile`, 'utf8').match(/^COPY .*/gm),
        ['COPY dvm-packages.txt /usr/share/dvm/dvm-packages.txt'],
      )
})

test('a line that is no package is told before a base is built, and keeps no VM from its sync', async (t) => {
  const world = memoryWorld(t)
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\nRUN false\n')
  world.write('.config/dvm/base/dev/Containerfile', 'ARG DVM_DEV_FROM\nFROM ${DVM_DEV_FROM}\n')
  world.write('.config/dvm/vms/app/projects/api/project.sh', '')
  const list = world.write('.config/dvm/base/packages.txt', 'tree\n--allow-unauthenticated\n')
  const wrong = {
    code: 'config',
    message: `${list}:2: "--allow-unauthenticated" is no package`,
  }
  const options = { clean: false, noCache: false, bootTest: false, wait: true }
  await assert.rejects(buildBase(world.deps, options), wrong)
  assert.deepEqual(
    world.memory.calls.filter((call) => call !== 'list'),
    [],
  )
  await assert.rejects(syncVm(world.deps, 'app', { wait: true }), wrong)
  assert.equal(world.memory.vms.get('dvm-app')?.instance.status, 'Running')
  // Whoever has an image of their own has nothing to do with it.
  world.write('.config/dvm/vms/app/projects/api/project.sh', 'IMAGE=node:24\n')
  assert.equal((await dryRunSync(world.deps, 'app')).projects[0]?.image, 'node:24')
})
