// A VM that goes away under a sync, a connection that drops, and a Lima that cannot say what there is: as processes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setupMarker } from '../../src/core/guest-script.ts'
import { dvmOnFake } from '../support/dvm-on-fake.ts'
import { writeProgram } from '../support/temporary.ts'

const dropped = 'client_loop: send disconnect: Broken pipe\n'

for (const ssh of [true, false])
  test(`a connection that drops in setup.sh: said, with how far it came; the next sync works (${ssh ? 'ssh' : 'limactl shell'})`, async (t) => {
    const { run, write, home } = dvmOnFake(t, {
      ssh,
      guest: [
        { match: ['bash', '-s'], exitCode: 255, stdout: `${setupMarker}\nhalf\n`, stderr: dropped, times: 1 },
      ],
    })
    write('.config/dvm/vms/app/setup.sh', 'true\n')
    const { exitCode, stderr } = await run(['sync', 'app'])
    assert.equal(exitCode, 1)
    assert.deepEqual(stderr.split('\n').toSorted(), [
      '',
      '  log: ~/.local/state/dvm/app/setup.log',
      '  try: dvm sync app; if that does not help: limactl stop --force dvm-app && dvm sync app',
      '  | client_loop: send disconnect: Broken pipe',
      '  | half',
      'dvm: dvm-app does not answer over ssh',
      '✔ Create app',
      '✖ Prepare app and run its setup.sh',
    ])
    assert.match(readFileSync(join(home, '.local/state/dvm/app/setup.log'), 'utf8'), /^half$/m)
    assert.deepEqual(await run(['sync', 'app']), {
      exitCode: 0,
      stdout: '',
      stderr:
        '  the last sync of app was cut off: stopping what it left running in it\n✔ Prepare app and run its setup.sh\n',
    })
  })

test('a VM that is deleted while its setup.sh runs: what to type, and the next sync makes it anew', async (t) => {
  const { run, write, home, fake } = dvmOnFake(t, { guestMode: 'host' })
  writeProgram(join(home, 'guest-bin/sudo'), '#!/bin/sh\nexec cat >/dev/null\n')
  const env = { PATH: `${join(home, 'guest-bin')}:${fake.variables['PATH']}` }
  const setup = write('.config/dvm/vms/app/setup.sh', `rm -r '${fake.state}/lima/dvm-app'\nkill -9 $$\n`)
  const { exitCode, stderr } = await run(['sync', 'app'], { env })
  assert.equal(exitCode, 1)
  assert.match(stderr, /\ndvm: dvm-app does not answer over ssh\n {2}try: dvm sync app; /)
  write(setup.slice(home.length + 1), 'true\n')
  assert.deepEqual(await run(['sync', 'app'], { env }), {
    exitCode: 0,
    stdout: '',
    stderr: '✔ Create app\n✔ Prepare app and run its setup.sh\n',
  })
})

const lists: readonly (readonly [
  string,
  { readonly stdout?: string; readonly stderr?: string; readonly exitCode: number },
  string,
])[] = [
  [
    'fails',
    { exitCode: 1, stderr: '{"level":"fatal","msg":"open /x: input/output error"}\n' },
    'dvm: could not list Lima instances: open /x: input/output error (exit code 1)\n  try: limactl list\n',
  ],
  [
    'is cut off',
    { exitCode: 0, stdout: '{"name":"dvm-app","status":"Running"}\n{"name":"dvm-w' },
    'dvm: limactl list printed a line that is not an instance: {"name":"dvm-w\n  try: limactl list --format json\n',
  ],
  [
    'is no JSON',
    { exitCode: 0, stdout: 'NAME STATUS\n' },
    'dvm: limactl list printed a line that is not an instance: NAME STATUS\n  try: limactl list --format json\n',
  ],
]
for (const [what, answer, stderr] of lists)
  test(`Lima's list ${what}: ls, sync and rm say so, and nothing is touched`, async (t) => {
    const { run, write, fake } = dvmOnFake(t, { limactl: [{ match: ['list'], ...answer }] })
    write('.config/dvm/vms/app/config.sh', '')
    for (const args of [['ls'], ['sync', 'app'], ['rm', 'app', '--yes'], ['stop', '--all']])
      assert.deepEqual(await run(args), { exitCode: 1, stdout: '', stderr }, args.join(' '))
    assert.deepEqual(new Set(fake.calls()), new Set(['list --format TEMPLATE', 'list --format json']))
  })

test('a list that fails once a VM was made takes that VM back', async (t) => {
  const broken = { match: ['list'], exitCode: 1, stderr: '{"level":"fatal","msg":"no"}\n' }
  // Asked before the lock, under it, by create itself, then before the start.
  const { run, write, fake } = dvmOnFake(t, {
    limactl: [
      { match: ['list'], times: 3, stdout: '' },
      // In both formats.
      { ...broken, times: 2 },
    ],
  })
  write('.config/dvm/vms/app/config.sh', '')
  const { exitCode, stderr } = await run(['sync', 'app'])
  assert.equal(exitCode, 1)
  assert.match(stderr, /^✖ Create app\ndvm: could not list Lima instances: no \(exit code 1\)\n/)
  assert.equal(fake.instance('dvm-app'), undefined)
  assert.equal((await run(['sync', 'app'])).exitCode, 0)
})
