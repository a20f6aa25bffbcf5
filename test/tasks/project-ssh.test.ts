// `ssh PROJECT.VM.dvm` through the life of a project: let in once per container, entries that are current, nothing while not installed.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { hostKeyMarker } from '../../src/core/host-keys.ts'
import { removeProject } from '../../src/tasks/project-actions.ts'
import { resetProject } from '../../src/tasks/reset-project.ts'
import { installSshConfig, removeSshConfig, sshHosts } from '../../src/tasks/ssh-config.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { removeVm } from '../../src/tasks/vms.ts'
import { addVm } from '../support/memory-lima.ts'
import { hostKeyOf, memoryPodman } from '../support/memory-podman.ts'
import { memoryWorld } from '../support/memory-world.ts'

const limaKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5limalima'
const letIn = `let ssh in to dvm-pool-api in /work with ${limaKey}`
const target = { vm: 'pool', project: 'api' }

const setUp = (t: TestContext) => {
  const { podman, port } = memoryPodman()
  const world = memoryWorld(t, {}, () => ({ containers: port }))
  const { memory, deps } = world
  const write = (path: string, text: string): string => world.write(path, text)
  memory.run = () => ({ stdout: `${hostKeyMarker}ssh-ed25519 AAAAC3NzaC1lZDI1NTE5host\n` })
  memory.identityFiles = [write('lima/user', 'private')]
  write('lima/user.pub', `${limaKey} lima\n`)
  addVm(memory, 'dvm-pool', 'Running', { sshLocalPort: 40022 })
  write('.config/dvm/vms/pool/config.sh', 'DVM_USER=me\n')
  const project = (name: string, text = 'IMAGE=a\n', setup?: string): void => {
    write(`.config/dvm/vms/pool/projects/${name}/project.sh`, text)
    if (setup !== undefined) write(`.config/dvm/vms/pool/projects/${name}/setup.sh`, setup)
  }
  project('api')
  const own = (name = 'config'): string => join(deps.env.stateDir, 'ssh', name)
  return {
    ...world,
    write,
    podman,
    project,
    own,
    entries: () => readFileSync(own(), 'utf8'),
    hosts: () => [...readFileSync(own(), 'utf8').matchAll(/^Host (.*)$/gm)].map(([, alias]) => alias),
    known: (name: string) => readFileSync(own(`${name}.known_hosts`), 'utf8'),
    idOf: (name: string) => podman.containers.get(`dvm-pool-${name}`)?.id ?? '',
    sync: (only?: string) => syncVm(deps, 'pool', { wait: true, project: only }),
    calls: () => podman.calls.splice(0),
  }
}

test('while it is not installed, a sync puts nothing into containers and writes nothing', async (t) => {
  const { sync, calls, own } = setUp(t)
  await sync()
  assert.deepEqual(calls(), ['state', 'prepare', 'state', 'create dvm-pool-api a'])
  assert.equal(existsSync(own('')), false)
})

test('install asks the containers that run, once; what it cannot ask waits for a sync', async (t) => {
  const { sync, calls, project, podman, deps, hosts, entries, known, idOf } = setUp(t)
  project('web')
  project('worker')
  await sync()
  podman.accounts.set('dvm-pool-api', 'node')
  await deps.containers.stop({} as never, { vm: 'pool', project: 'web' })
  podman.containers.delete('dvm-pool-worker')
  calls()
  const { unready } = await installSshConfig(deps)
  assert.deepEqual(calls(), ['state', letIn])
  assert.deepEqual(unready, ['pool/web', 'pool/worker'])
  assert.deepEqual(hosts(), ['api.pool.dvm', 'pool.dvm'])
  assert.match(entries(), /^Host api\.pool\.dvm\n {2}User node\n {2}IdentityFile "\/.*\/lima\/user"\n/m)
  assert.match(known('api.pool'), /^# [0-9a-f]{16} node\napi\.pool\.dvm /)
  assert.ok(known('api.pool').endsWith(`${hostKeyOf(idOf('api'))}\n`))
  assert.deepEqual((await installSshConfig(deps)).unready, ['pool/web', 'pool/worker'])
  assert.deepEqual(calls(), ['state'], 'a container that is known is not asked')
})

test('a VM that is stopped keeps the entries of projects that were known', async (t) => {
  const { sync, calls, deps, memory, hosts } = setUp(t)
  await sync()
  await installSshConfig(deps)
  addVm(memory, 'dvm-pool', 'Stopped', { sshLocalPort: 40022 })
  calls()
  assert.deepEqual((await installSshConfig(deps)).unready, [])
  assert.deepEqual([calls(), hosts()], [[], ['api.pool.dvm', 'pool.dvm']])
  assert.equal(await removeSshConfig(deps), true)
  assert.deepEqual((await installSshConfig(deps)).unready, ['pool', 'pool/api'])
  assert.deepEqual(hosts(), ['pool.dvm'])
})

test('a sync lets ssh in to a new container, and asks nothing of one that it knows', async (t) => {
  const { sync, calls, deps, hosts, own, known, idOf } = setUp(t)
  await installSshConfig(deps)
  calls()
  await sync()
  assert.deepEqual(calls(), ['state', 'prepare', 'state', 'create dvm-pool-api a', letIn])
  assert.deepEqual(hosts(), ['api.pool.dvm', 'pool.dvm'])
  const files = [own(), own('api.pool.known_hosts')].map((path) => statSync(path).ino)
  await sync()
  await sync('api')
  assert.deepEqual(calls(), ['state', 'state'])
  assert.deepEqual(
    [own(), own('api.pool.known_hosts')].map((path) => statSync(path).ino),
    files,
    'nothing changed, so nothing is written',
  )
  const before = known('api.pool')
  await resetProject(deps, target, { yes: true, force: true, keepData: true })
  assert.deepEqual(calls().slice(-2), ['create dvm-pool-api a', letIn])
  assert.notEqual(known('api.pool'), before)
  assert.ok(known('api.pool').endsWith(`${hostKeyOf(idOf('api'))}\n`))
})

test('another key of Lima’s, and an agent that is forwarded from now on, are followed', async (t) => {
  const { sync, calls, deps, write, entries } = setUp(t)
  await sync()
  await installSshConfig(deps)
  calls()
  write('lima/user.pub', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5newnewnew\n')
  await sync()
  assert.match(calls().at(-1) ?? '', /^let ssh in .* AAAAC3NzaC1lZDI1NTE5newnewnew$/)
  assert.doesNotMatch(entries(), /ForwardAgent yes/)
  write('.config/dvm/vms/pool/config.sh', 'DVM_USER=me\nDVM_FORWARD_AGENT=1\n')
  await sync()
  assert.deepEqual(calls(), ['state'])
  assert.equal(entries().match(/ForwardAgent yes/g)?.length, 2)
})

test('ssh is let in before setup.sh, which may fail; a container that cannot be prepared fails nothing', async (t) => {
  const { sync, calls, deps, podman, project, hosts, story } = setUp(t)
  project('api', 'IMAGE=a\n', 'false\n')
  podman.scripts.set('dvm-pool-api', 3)
  await installSshConfig(deps)
  await assert.rejects(sync(), { code: 'failed' })
  assert.deepEqual(calls().slice(-2), [letIn, 'script dvm-pool-api in /work'])
  assert.deepEqual(hosts(), ['api.pool.dvm', 'pool.dvm'])
  project('web')
  podman.scripts.clear()
  const prepareSsh = (): Promise<never> =>
    Promise.reject(new DvmError('failed', 'the container has no account 7'))
  Object.assign(deps.containers, { prepareSsh })
  story.length = 0
  await sync('web')
  assert.ok(
    story.includes('warning: ssh web.pool.dvm may not work: the container has no account 7'),
    story.join('\n'),
  )
  assert.deepEqual(hosts(), ['api.pool.dvm', 'pool.dvm'])
  await installSshConfig(deps)
  assert.ok(story.includes('warning: pool/web: the container has no account 7'))
})

test('without Lima’s public key nobody is let in, and it is said', async (t) => {
  const { sync, calls, deps, memory, story } = setUp(t)
  await installSshConfig(deps)
  memory.identityFiles = ['/lima/_config/user']
  await sync()
  assert.equal(
    calls().some((call) => call.startsWith('let ssh in')),
    false,
  )
  assert.ok(
    story.includes(
      "warning: ssh api.pool.dvm may not work: Lima's public key is not beside /lima/_config/user",
    ),
    story.join('\n'),
  )
})

test('printed they are only where their way is there: while it is installed', async (t) => {
  const { sync, deps } = setUp(t)
  await sync()
  const aliases = async (projects: boolean) =>
    (await sshHosts(deps, projects)).entries.map(([alias]) => alias)
  assert.deepEqual(await aliases(false), ['pool.dvm'])
  assert.deepEqual(await aliases(true), ['api.pool.dvm', 'pool.dvm'])
})

test('they go with the project, and with the VM', async (t) => {
  const { sync, deps, project, hosts, own } = setUp(t)
  project('web')
  await sync()
  await installSshConfig(deps)
  assert.deepEqual(hosts(), ['api.pool.dvm', 'pool.dvm', 'web.pool.dvm'])
  await removeProject(deps, target, { yes: true, force: true, keepData: false, config: true })
  assert.deepEqual(hosts(), ['pool.dvm', 'web.pool.dvm'])
  assert.deepEqual([...readdirSync(own(''))].sort(), ['config', 'pool.known_hosts', 'web.pool.known_hosts'])
  await removeVm(deps, 'pool', { yes: true, force: true, config: false })
  assert.deepEqual([hosts(), readdirSync(own(''))], [[], ['config']])
})
