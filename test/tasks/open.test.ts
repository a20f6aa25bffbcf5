// `open`: the editor that was asked for or found, told the host and the directory; checked before a VM is started.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { editorNames } from '../../src/core/editors.ts'
import { hostKeyMarker } from '../../src/core/host-keys.ts'
import { open } from '../../src/tasks/open.ts'
import { installSshConfig } from '../../src/tasks/ssh-config.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryPodman } from '../support/memory-podman.ts'
import { memoryWorld } from '../support/memory-world.ts'

const setUp = async (t: TestContext, programs: readonly string[], variables = {}, exitCode = 0) => {
  const opened: string[] = []
  const { podman, port } = memoryPodman()
  const world = memoryWorld(t, variables, () => ({
    containers: port,
    editors: {
      find: (names) => Promise.resolve(names.find((name) => programs.includes(name))),
      open: (program, args) => {
        opened.push([program, ...args].join(' '))
        return Promise.resolve(exitCode)
      },
    },
  }))
  world.memory.run = () => ({ stdout: `${hostKeyMarker}ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n` })
  world.write('.config/dvm/vms/app/config.sh', 'DVM_USER=me\n')
  addVm(world.memory, 'dvm-app', 'Stopped', { sshLocalPort: 40022 })
  await installSshConfig(world.deps)
  world.reset()
  const write = (path: string, text: string): string => world.write(path, text)
  return { ...world, write, opened, podman }
}

const code = '--remote ssh-remote+app.dvm /home/me/code/app'
const asked: readonly [string, string][] = [
  ['code', `code ${code}`],
  ['cursor', `cursor ${code}`],
  ['windsurf', `windsurf ${code}`],
  ['code-insiders', `code-insiders ${code}`],
  ['codium', `codium ${code}`],
  ['zed', 'zed ssh://app.dvm/home/me/code/app'],
]
for (const [name, words] of asked)
  test(`${name}: ${words}`, async (t) => {
    const { deps, opened } = await setUp(t, ['code', 'cursor', 'windsurf', 'code-insiders', 'codium', 'zed'])
    assert.equal(await open(deps, 'app', name), name)
    assert.deepEqual(opened, [words])
    assert.ok(editorNames.includes(name))
  })

test('without a word: DVM_EDITOR, else the first that is there', async (t) => {
  const named = await setUp(t, ['code', 'zeditor'], { DVM_EDITOR: 'zed' })
  assert.equal(await open(named.deps, 'app', undefined), 'zed')
  assert.deepEqual(named.opened, ['zeditor ssh://app.dvm/home/me/code/app'])
  assert.equal(await open(named.deps, 'app', 'code'), 'code')
  const found = await setUp(t, ['zed', 'codium'])
  assert.equal(await open(found.deps, 'app', undefined), 'codium')
})

test('starts a VM that is stopped, and brings its entry up to date', async (t) => {
  const { deps, memory, story, opened } = await setUp(t, ['code'])
  addVm(memory, 'dvm-app', 'Stopped', { sshLocalPort: 41000 })
  await open(deps, 'app', undefined)
  assert.equal(memory.calls.filter((call) => call === 'start dvm-app').length, 1)
  assert.deepEqual(story, ['starting app'])
  assert.match(readFileSync(join(deps.env.stateDir, 'ssh/config'), 'utf8'), /Port 41000/)
  assert.equal(opened.length, 1)
})

test('what is wrong is told before a VM is started', async (t) => {
  const { deps, memory, opened } = await setUp(t, ['code'])
  const wrong: readonly [() => Promise<unknown>, object][] = [
    [() => open(deps, 'App', undefined), { code: 'usage' }],
    [
      () => open(deps, 'app', 'emacs'),
      { code: 'usage', hint: `--editor or DVM_EDITOR, one of: ${editorNames.join(', ')}` },
    ],
    [() => open(deps, 'app', 'zed'), { code: 'tool', message: 'zed is not on PATH' }],
    [() => open(deps, 'none', undefined), { code: 'not-found' }],
    [() => open(deps, 'app/Api', undefined), { code: 'usage' }],
    [() => open(deps, 'app/none', undefined), { code: 'not-found', hint: 'dvm add app/none' }],
  ]
  for (const [opening, error] of wrong) await assert.rejects(opening(), error)
  await deps.files.remove(join(deps.env.stateDir, 'ssh/config'))
  await assert.rejects(open(deps, 'app', undefined), {
    code: 'config',
    hint: 'dvm ssh-config --install',
  })
  const nothing = await setUp(t, [])
  await assert.rejects(open(nothing.deps, 'app', undefined), { code: 'tool', message: /no editor on PATH/ })
  const bogus = await setUp(t, ['code'], { DVM_EDITOR: 'vi' })
  await assert.rejects(open(bogus.deps, 'app', undefined), { code: 'usage' })
  assert.deepEqual(
    memory.calls.filter((call) => call !== 'list'),
    [],
  )
  assert.deepEqual(opened, [])
})

test('a project: what is stopped is started, its entry brought up to date, its workspace opened', async (t) => {
  const { deps, memory, opened, podman, write } = await setUp(t, ['code', 'zed'])
  memory.identityFiles = [write('lima/user', '')]
  write('lima/user.pub', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 lima\n')
  write('.config/dvm/vms/app/projects/api/project.sh', 'IMAGE=a\nPROJ_WORKDIR="/my src#1%"\n')
  await assert.rejects(open(deps, 'app/api', 'code'), { code: 'not-found', hint: 'dvm sync app/api' })
  const target = { vm: 'app', project: 'api' }
  const spec = { image: 'a', nested: false, workdir: '/my src#1%', ports: [], trust: false }
  await deps.containers.create({} as never, target, spec, () => undefined)
  await deps.containers.stop({} as never, target)
  podman.calls.length = 0
  assert.equal(await open(deps, 'app/api', 'code'), 'code')
  assert.equal(await open(deps, 'app/api', 'zed'), 'zed')
  assert.deepEqual(opened, [
    'code --remote ssh-remote+api.app.dvm /my src#1%',
    'zed ssh://api.app.dvm/my%20src%231%25',
  ])
  assert.deepEqual(podman.calls, [
    'state',
    'start dvm-app-api',
    'let ssh in to dvm-app-api in /my src#1% with ssh-ed25519 AAAAC3NzaC1lZDI1NTE5',
    'state',
  ])
  assert.match(readFileSync(join(deps.env.stateDir, 'ssh/config'), 'utf8'), /^Host api\.app\.dvm$/m)
})

test('an editor that fails is dvm’s failure', async (t) => {
  const { deps } = await setUp(t, ['code'], {}, 3)
  await assert.rejects(open(deps, 'app', undefined), {
    code: 'failed',
    message: 'code ended with exit code 3',
    hint: 'check that ssh works: ssh app.dvm true',
  })
})
