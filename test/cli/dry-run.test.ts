// `dvm sync --dry-run`, for people and as JSON, also when one of the VMs is wrong. Nothing is ever called.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { dvmOnFake } from '../support/dvm-on-fake.ts'

const setUp = (t: TestContext) => {
  const dvm = dvmOnFake(t)
  dvm.write('.config/dvm/vms/app/config.sh', 'DVM_CPUS=2\nDVM_PORTS=(3000:3000)\n')
  const setup = dvm.write('.config/dvm/vms/app/setup.sh', 'true\n')
  dvm.write('.config/dvm/vms/app/projects/api/project.sh', 'IMAGE=node:24\n')
  const limactl = 'limactl --tty=false --log-format=json --log-level=warn'
  const commands = [
    `${limactl} create --name=dvm-app --mount-none --containerd=none --cpus=2 --memory=2 --disk=30 --port-forward=3000:3000,static=true template:fedora`,
    `${limactl} start --timeout=600s dvm-app`,
  ]
  return { ...dvm, setup, commands }
}
const parse = (stdout: string): unknown[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line))

test('a VM with a setup.sh and a project', async (t) => {
  const { run, setup, commands, fake } = setUp(t)
  assert.deepEqual(await run(['sync', 'app', '--dry-run']), {
    exitCode: 0,
    stdout: [
      'VM: app',
      'base: template:fedora',
      ...commands.map((command) => `would run: ${command}`),
      `setup script: ${setup}`,
      'project: api (node:24)',
      '',
    ].join('\n'),
    stderr: '',
  })
  assert.deepEqual(fake.journal(), [])
})

test('--json: one object a VM, by flag or by variable', async (t) => {
  const { run, write, setup, commands, fake } = setUp(t)
  const app = {
    vm: 'app',
    base: 'template:fedora',
    commands,
    setup,
    projects: [{ name: 'api', image: 'node:24' }],
  }
  for (const [args, env] of [
    [['sync', 'app', '--dry-run', '--json'], {}],
    [['sync', 'app', '--json'], { DVM_DRY_RUN: '1' }],
  ] as const) {
    const { exitCode, stdout, stderr } = await run(args, { env })
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.deepEqual(parse(stdout), [app])
  }
  write('.config/dvm/vms/web/config.sh', '')
  const [first, second] = parse((await run(['sync', '--all', '--dry-run', '--json'])).stdout)
  assert.deepEqual(first, app)
  assert.partialDeepStrictEqual(second, { vm: 'web', setup: null, projects: [] })
  assert.deepEqual(fake.journal(), [])
})

test('--all goes on after a VM that is wrong, says which, and exits 1', async (t) => {
  const { run, write } = setUp(t)
  write('.config/dvm/vms/aaa/config.sh', 'DVM_CPUS=many\n')
  write('.config/dvm/vms/web/config.sh', '')
  const { exitCode, stdout, stderr } = await run(['sync', '--all', '--dry-run'])
  assert.equal(exitCode, 1)
  assert.deepEqual(stdout.match(/^VM: .*$/gm), ['VM: app', 'VM: web'])
  assert.match(
    stderr,
    /^dvm: aaa: .*DVM_CPUS must be a whole number above 0, not "many"\n {2}try: correct that, then: dvm doctor\n$/s,
  )
  const json = await run(['sync', '--all', '--dry-run', '--json'])
  assert.equal(json.exitCode, 1)
  const [wrong, ...rest] = parse(json.stdout) as { readonly vm: string; readonly error?: object }[]
  assert.partialDeepStrictEqual(wrong, { vm: 'aaa', error: { exitCode: 3 } })
  assert.deepEqual(
    rest.map(({ vm, error }) => [vm, error]),
    [
      ['app', undefined],
      ['web', undefined],
    ],
  )
})

test('one VM that is wrong is the failure of the command, with its own exit code', async (t) => {
  const { run, write } = setUp(t)
  write('.config/dvm/vms/aaa/config.sh', 'DVM_CPUS=many\n')
  const plain = await run(['sync', 'aaa', '--dry-run'])
  assert.deepEqual([plain.exitCode, plain.stdout], [3, ''])
  const { exitCode, stdout, stderr } = await run(['sync', 'aaa', '--dry-run', '--json'])
  assert.deepEqual([exitCode, stderr], [3, plain.stderr])
  assert.partialDeepStrictEqual(parse(stdout), [{ vm: 'aaa', error: { exitCode: 3 } }])
})
