// Network settings in builds and syncs: they reach every place that needs them, and decide nothing about what is built.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, type TestContext } from 'node:test'
import { buildBase } from '../../src/tasks/base-build.ts'
import { planBase } from '../../src/tasks/base-plan.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { makeAuthority } from '../support/certificates.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const company = makeAuthority('company')
after(() => company[Symbol.dispose]())
const settings = {
  HTTPS_PROXY: 'http://me:s3cret@127.0.0.1:3128',
  DVM_CA_BUNDLE: company.file,
  DVM_REGISTRY_MIRRORS: 'docker.io=http://localhost:5000/hub',
}
const options = { clean: false, noCache: false, bootTest: false, wait: true }
const worldOf = (t: TestContext, variables: Readonly<Record<string, string>> = {}): World => {
  const world = memoryWorld(t, variables)
  world.write('.config/dvm/base/Containerfile', 'FROM dvm-base\n')
  return world
}

test('what is built does not depend on them', async (t) => {
  const [plain, behind] = await Promise.all([planBase(worldOf(t).deps), planBase(worldOf(t, settings).deps)])
  assert.deepEqual(behind.inputs, plain.inputs)
  assert.equal(behind.generation, plain.generation)
})

test('a build: the builder gets them before it is provisioned and after, each image build trusts', async (t) => {
  const world = worldOf(t, settings)
  const { generation } = await buildBase(world.deps, options)
  assert.deepEqual(
    world.memory.calls.filter((call) => /^(marker|provision|build local)/.test(call)),
    [
      'marker',
      'provision',
      'marker',
      'build localhost/dvm-disk-builder:latest with trust',
      'build localhost/dvm-base:latest with trust',
      'build localhost/dvm-target:latest with trust',
    ],
  )
  for (const expected of [
    'https_proxy=http://me:s3cret@192.168.5.2:3128\n',
    'location = "192.168.5.2:5000/hub"\ninsecure = true\n',
    company.pem,
    '# Kept by dvm for root.\n',
  ])
    assert.ok(world.disk.network.includes(expected), expected)
  const kept = `${JSON.stringify(generation)}${readFileSync(join(world.home, '.local/state/dvm/base/build.log'), 'utf8')}`
  assert.doesNotMatch(
    `${kept}${world.disk.archive.toString('latin1')}${world.story.join()}`,
    /s3cret|192\.168\.5\.2|BEGIN CERTIFICATE/,
  )
})

test('without settings the builder is told so, which takes back what was there', async (t) => {
  const world = worldOf(t)
  await buildBase(world.deps, options)
  for (const name of ['environment', 'registries', 'certificates'])
    assert.match(world.disk.network, new RegExp(`^network_${name}=''$`, 'm'))
  assert.ok(!world.memory.calls.some((call) => call.includes('trust')))
})

const synced = async (t: TestContext, variables: Readonly<Record<string, string>>) => {
  const world = memoryWorld(t, variables)
  addVm(world.memory, 'dvm-app')
  world.write('.config/dvm/vms/app/config.sh', 'DVM_USER=me\n')
  world.write('.config/dvm/vms/app/setup.sh', 'true\n')
  let input = ''
  world.memory.run = (_, guest) => {
    input = guest.input ?? ''
    return {}
  }
  await syncVm(world.deps, 'app', { wait: true })
  return { world, input, calls: world.memory.calls }
}

test('a sync of a running VM: still one look and one round trip, its script first root’s part, then setup.sh with them', async (t) => {
  const { world, input, calls } = await synced(t, settings)
  assert.deepEqual(calls, ['list', 'run dvm-app: bash -s -- dvm:sync'])
  const [root = '', person = ''] = input.split('\nDVM_BOOTSTRAP_END\n')
  assert.match(root, /# Kept by dvm for me\.$/m)
  assert.match(root, /^https_proxy=http:\/\/me:s3cret@192\.168\.5\.2:3128$/m)
  assert.match(person, /\nexport HTTPS_PROXY=http:\/\/me:s3cret@192\.168\.5\.2:3128\n/)
  assert.match(person, /\nexport NODE_EXTRA_CA_CERTS=\/etc\/dvm\/trust\/bundle\.pem\n/)
  assert.doesNotMatch(world.story.join(), /s3cret/)
})

test('settings that make no sense stop it before anything is done', async (t) => {
  await assert.rejects(synced(t, { DVM_REGISTRY_MIRRORS: 'docker.io' }), {
    code: 'config',
    message: 'DVM_REGISTRY_MIRRORS: "docker.io" is not REGISTRY=MIRROR',
  })
})
