// `dvm ls VM`: its projects, also when the configuration of one of them is wrong.
import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { asDeveloper } from '../support/as-developer.ts'
import { dvmOnFake } from '../support/dvm-on-fake.ts'

const labels = (project: string): object => ({
  'dvm.vm': 'app',
  'dvm.project': project,
  'dvm.spec': JSON.stringify({ image: 'node:24', nested: false, workdir: '/work', ports: [] }),
})
const containers = ['api', 'bad', 'gone'].map((project) => ({
  Id: project,
  Names: [`dvm-app-${project}`],
  State: 'running',
  Image: 'node:24',
  Labels: labels(project),
}))

test('the rest is listed, and which one is wrong is said', async (t) => {
  const { fake, run, write } = dvmOnFake(t, {
    guest: [
      {
        match: asDeveloper('me', ['bash', '-s', '--', 'app']),
        stdout: `::dvm ready yes\n::dvm containers\n${JSON.stringify(containers)}\n::dvm images\n[]\n`,
      },
    ],
  })
  fake.add({ name: 'dvm-app', status: 'Running' })
  write('.config/dvm/config.sh', 'DVM_USER=me\n')
  const project = (name: string, text: string): string =>
    write(`.config/dvm/vms/app/projects/${name}/project.sh`, text)
  project('api', 'IMAGE=node:22\n')
  project('bad', 'IMAGE=node:24\nPROJ_WORKDIR=work\n')
  project('ended', 'exit 3\n')
  chmodSync(project('open', 'IMAGE=node:24\n'), 0o666)
  project('web', 'IMAGE=node:24\n')
  const { exitCode, stdout, stderr } = await run(['ls', 'app'])
  assert.equal(exitCode, 0)
  assert.deepEqual(stdout.split('\n'), [
    'PROJECT  STATE              IMAGE',
    'api      running (changed)  node:24',
    'bad      running (wrong)    node:24',
    'ended    none (wrong)       -',
    'gone     running            node:24',
    'open     none (wrong)       -',
    'web      none               node:24',
    '',
  ])
  assert.match(stderr, /^warning: app\/bad: .*PROJ_WORKDIR must be an absolute path/)
  assert.match(stderr, /^warning: app\/ended: ~\/\S+\/project\.sh stopped bash before the end of the file/m)
  assert.match(stderr, /^warning: app\/open: ~\/\S+\/project\.sh: other users can write to it$/m)
  assert.match(stderr, /^app\/api keeps what its container was made with: image node:24 /m)
  const json = await run(['ls', 'app', '--json', '--only-config'])
  const rows = JSON.parse(json.stdout) as { readonly name: string; readonly problem?: string }[]
  assert.deepEqual(
    rows.map(({ name, problem }) => [name, problem !== undefined]),
    [
      ['api', false],
      ['bad', true],
      ['ended', true],
      ['open', true],
      ['web', false],
    ],
  )
})

test('a directory that is no project for its name is told, a VM without a configuration how to get one', async (t) => {
  const { fake, run, write } = dvmOnFake(t)
  const file = write('.config/dvm/vms/app/projects/My_API/project.sh', '')
  write('.config/dvm/vms/app/projects/.cache/x', '')
  write('.config/dvm/vms/app/projects/NOTES', '')
  assert.deepEqual((await run(['ls', 'app'])).stderr.split('\n'), [
    `warning: ${dirname(file)} is no project: names are small letters, digits and "-", starting with a letter`,
    'no projects yet: dvm add app/NAME, then dvm sync app',
    '',
  ])
  fake.add({ name: 'dvm-orph', status: 'Stopped' })
  assert.equal(
    (await run(['ls', 'orph'])).stderr,
    'no projects yet: dvm new orph, then dvm add orph/NAME, then dvm sync orph\n',
  )
})

test('a configuration of the VM that is wrong is the failure of all, as everywhere', async (t) => {
  const { run, write } = dvmOnFake(t)
  write('.config/dvm/vms/app/config.sh', 'DVM_USER=Me\n')
  write('.config/dvm/vms/app/projects/api/project.sh', '')
  assert.equal((await run(['ls', 'app'])).exitCode, 3)
})
