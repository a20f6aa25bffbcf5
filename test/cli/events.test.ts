// `--json` of sync and build: one object a line on stdout, the story of a failure included; exit codes stay what they are.
import assert from 'node:assert/strict'
import test from 'node:test'
import { asDeveloper } from '../support/as-developer.ts'
import { dvmOnFake } from '../support/dvm-on-fake.ts'
import { setupMarker } from '../../src/core/guest-script.ts'

interface Line {
  readonly event: string
  readonly at: number
  readonly [key: string]: unknown
}
const parse = (stdout: string): readonly Line[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
/** Without times, and without progress: how often a tool says something is its own business. */
const steady = (stdout: string): readonly unknown[] =>
  parse(stdout)
    .filter(({ event }) => event !== 'progress')
    .map((line) => Object.fromEntries(Object.entries(line).filter(([name]) => name !== 'at')))

test('a sync: its steps begin and end, and the last line is the result', async (t) => {
  const { run, write } = dvmOnFake(t)
  write('.config/dvm/vms/app/config.sh', '')
  const { exitCode, stdout, stderr } = await run(['sync', 'app', '--json'])
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.deepEqual(steady(stdout), [
    { event: 'step', title: 'Create app', state: 'begun' },
    { event: 'step', title: 'Create app', state: 'done' },
    { event: 'step', title: 'Prepare app', state: 'begun' },
    { event: 'step', title: 'Prepare app', state: 'done' },
    { event: 'result', result: { ready: 1, failed: 0 } },
  ])
  const times = parse(stdout).map(({ at }) => at)
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
})

test('a failure is an event as well, with what to type, and dvm’s exit code is its own', async (t) => {
  const { run, write, home } = dvmOnFake(t, {
    guest: [{ match: ['bash', '-s'], exitCode: 3, stdout: `${setupMarker}\n` }],
  })
  write('.config/dvm/vms/app/setup.sh', 'nope\n')
  const { exitCode, stdout, stderr } = await run(['sync', 'app', '--json'])
  assert.equal(exitCode, 1)
  assert.match(stderr, /^dvm: .* ended with exit code 3\n/)
  assert.deepEqual(steady(stdout).slice(-2), [
    { event: 'step', title: 'Prepare app and run its setup.sh', state: 'failed' },
    {
      event: 'error',
      message: `${home}/.config/dvm/vms/app/setup.sh ended with exit code 3`,
      exitCode: 1,
      hint: 'correct it, then: dvm sync app',
      log: `${home}/.local/state/dvm/app/setup.log`,
    },
  ])
})

test('projects that fail leave the others alone, in events too', async (t) => {
  const spec = { image: 'a', nested: false, workdir: '/work', ports: [] }
  const containers = ['api', 'web', 'x'].map((name) => ({
    Id: name,
    Names: [`dvm-app-${name}`],
    State: 'running',
    Labels: { 'dvm.project': name, 'dvm.spec': JSON.stringify(spec) },
  }))
  const stdout = `::dvm ready yes\n::dvm containers\n${JSON.stringify(containers)}\n\n::dvm images\n[]\n`
  const { run, write, fake } = dvmOnFake(t, {
    guest: [
      { match: asDeveloper('ada', ['bash', '-s', '--', 'app']), stdout },
      { match: asDeveloper('ada', ['podman', 'exec']), exitCode: 3, times: 2 },
    ],
  })
  fake.add({ name: 'dvm-app', status: 'Running' })
  write('.config/dvm/vms/app/config.sh', 'DVM_USER=ada\nDVM_CPUS=2\n')
  for (const { Id } of containers) {
    write(`.config/dvm/vms/app/projects/${Id}/project.sh`, 'IMAGE=a\n')
    write(`.config/dvm/vms/app/projects/${Id}/setup.sh`, 'false\n')
  }
  const { exitCode, stdout: told, stderr } = await run(['sync', 'app', '--json'])
  assert.equal(exitCode, 1)
  assert.match(stderr, /^dvm: .*projects\/api\/setup\.sh ended with exit code 3\n/)
  const lines = parse(told)
  assert.deepEqual(
    lines.flatMap(({ event, state, title }) =>
      event === 'step' && state !== 'begun' ? [`${String(title)} ${String(state)}`] : [],
    ),
    [
      'Prepare app done',
      'Prepare the containers of app done',
      'Project api failed',
      'Project web failed',
      'Project x done',
    ],
  )
  const warned = lines.filter(({ event }) => event === 'warning').map(({ text }) => String(text))
  assert.match(warned.join('\n'), /^app\/web failed too: .* ended with exit code 3 \(.*\)$/)
  assert.match(String(lines.at(-1)?.['message']), /projects\/api\/setup\.sh/)
})

test('sync --all: one step a VM, failures by name, and how many are ready', async (t) => {
  const { run, write } = dvmOnFake(t)
  write('.config/dvm/vms/bad/config.sh', 'DVM_CPUS=many\n')
  write('.config/dvm/vms/good/config.sh', '')
  const { exitCode, stdout } = await run(['sync', '--all', '--json'])
  assert.equal(exitCode, 1)
  const lines = parse(stdout)
  assert.deepEqual(
    lines
      .filter(({ event, state }) => event === 'step' && state !== 'begun')
      .map(({ title, state }) => `${String(title)} ${String(state)}`)
      .sort(),
    ['bad failed', 'good done'],
  )
  assert.equal(lines.find(({ event }) => event === 'error')?.['exitCode'], 3)
  assert.deepEqual(lines.at(-1)?.['result'], { ready: 1, failed: 1 })
})

test('a condition of the machine is no bug, in events neither', async (t) => {
  const { run, write } = dvmOnFake(t)
  write('.config/dvm/vms/app/setup.sh', 'true\n')
  write('.local/state/dvm/app', 'a file in the place of a directory')
  const { exitCode, stdout, stderr } = await run(['sync', 'app', '--json'])
  const [told] = parse(stdout).slice(-1)
  assert.deepEqual([exitCode, told?.event, told?.['exitCode']], [1, 'error', 1])
  assert.equal(stderr, `dvm: ${String(told?.['message'])}\n  try: ${String(told?.['hint'])}\n`)
})

test('a build that cannot begin is one event', async (t) => {
  const { run } = dvmOnFake(t)
  const { exitCode, stdout } = await run(['base', 'build', '--json'])
  assert.equal(exitCode, 3)
  assert.deepEqual(
    steady(stdout).map((line) => (line as Line)['hint']),
    ['dvm base init'],
  )
})
