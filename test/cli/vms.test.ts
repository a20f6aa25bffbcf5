// ls, stop, rm, sh and ssh as processes.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { asDeveloper } from '../support/as-developer.ts'
import { dvmOnFake } from '../support/dvm-on-fake.ts'

const gib = 1024 ** 3

test('ls is what dvm does alone: a table of users’ VMs', async (t) => {
  const { fake, run, write } = dvmOnFake(t)
  for (const name of ['dvm-web', 'dvm-builder', 'dvm-base', 'other']) fake.add({ name })
  fake.add({ name: 'dvm-app', status: 'Running', cpus: 4, memory: 8 })
  write('.config/dvm/vms/app/config.sh', '')
  write('.local/state/dvm/app/state.json', JSON.stringify({ generation: 'ab'.repeat(32) }))
  const table = [
    'VM   STATE    CPUS  MEMORY  DISK    PROJECTS  BASE',
    'app  Running  4     8 GiB   30 GiB  -         abababababab',
    'web  Stopped  2     2 GiB   30 GiB  -         -',
    '',
  ].join('\n')
  assert.deepEqual(await run([]), { exitCode: 0, stdout: table, stderr: '' })
  assert.deepEqual(await run(['ls']), { exitCode: 0, stdout: table, stderr: '' })
  const configured = await run(['ls', '--only-config', '--json'])
  assert.equal(configured.stderr, '')
  assert.deepEqual(JSON.parse(configured.stdout), [
    {
      name: 'app',
      instance: 'dvm-app',
      state: 'Running',
      cpus: 4,
      memory: 8 * gib,
      disk: 30 * gib,
      diskUsed: null,
      drift: [],
      generation: 'ab'.repeat(32),
      behind: false,
      configured: true,
      devBase: null,
      devBaseBehind: false,
      projects: [],
    },
  ])
  assert.deepEqual(new Set(fake.calls()), new Set(['list --format TEMPLATE']))
})

test('ls of nothing keeps stdout a table, or an empty array', async (t) => {
  const { run } = dvmOnFake(t)
  assert.deepEqual(await run(['ls']), {
    exitCode: 0,
    stdout: 'VM  STATE  CPUS  MEMORY  DISK  PROJECTS  BASE\n',
    stderr: 'no VMs yet: dvm new NAME, then dvm sync NAME\n',
  })
  assert.deepEqual(await run(['ls', '--json']), { exitCode: 0, stdout: '[]\n', stderr: '' })
})

test('ls names what is configured and not made yet', async (t) => {
  const { fake, run, write, home } = dvmOnFake(t)
  assert.equal(
    (await run(['new', 'app'], { env: { HOME: `${home}/` } })).stdout.split('\n')[1],
    '~/.config/dvm/vms/app/config.sh',
  )
  assert.equal((await run([])).stderr, 'configured, not made yet: app; to make it: dvm sync app\n')
  fake.add({ name: 'dvm-app' })
  write('.config/dvm/vms/web/config.sh', '')
  write('.config/dvm/vms/old/config.sh', '')
  assert.equal(
    (await run(['ls', '--only-config'])).stderr,
    'configured, not made yet: old, web; to make it: dvm sync old\n',
  )
})

test('stop: a VM that somebody removes or stops meanwhile is no error', async (t) => {
  const { fake, run } = dvmOnFake(t, {
    limactl: [
      { match: ['list'], times: 1, stdout: '{"name":"dvm-app","status":"Running"}\n' },
      { match: ['list'], times: 1, stdout: '' },
    ],
  })
  assert.deepEqual(await run(['stop', 'app']), { exitCode: 0, stdout: '', stderr: 'app was not running\n' })
  assert.ok(fake.calls().includes('stop dvm-app'))
})

test('a reader that goes away is no failure', async (t) => {
  const { fake, run } = dvmOnFake(t)
  for (let number = 0; number < 20; number += 1) fake.add({ name: `dvm-vm${number}` })
  assert.deepEqual(await run(['ls', '--json'], { closed: true }), { exitCode: 0, stdout: '', stderr: '' })
})

test('stop: one, all, none', async (t) => {
  const { fake, run } = dvmOnFake(t)
  for (const name of ['dvm-a', 'dvm-b', 'dvm-builder']) fake.add({ name, status: 'Running' })
  assert.deepEqual(await run(['stop', 'a']), { exitCode: 0, stdout: '', stderr: 'a is stopped\n' })
  assert.deepEqual(await run(['stop', 'a']), { exitCode: 0, stdout: '', stderr: 'a was not running\n' })
  assert.deepEqual(await run(['stop', 'none']), { exitCode: 0, stdout: '', stderr: 'none was not running\n' })
  assert.deepEqual(await run(['stop', '--all']), { exitCode: 0, stdout: '', stderr: 'b is stopped\n' })
  assert.equal(fake.instance('dvm-builder')?.status, 'Running')
  for (const args of [['stop'], ['stop', 'a', '--all']])
    assert.deepEqual(await run(args), {
      exitCode: 2,
      stdout: '',
      stderr: 'dvm: name one VM, or use --all\n  try: dvm stop VM\n',
    })
})

test('stop and rm of a mistyped name: no error, but the command that was probably meant', async (t) => {
  const { run, write } = dvmOnFake(t)
  write('.config/dvm/vms/app/projects/api/project.sh', '')
  const quiet = { exitCode: 0, stdout: '' }
  assert.deepEqual(await run(['stop', 'ap']), {
    ...quiet,
    stderr: 'ap was not running\n  try: dvm stop app\n',
  })
  assert.deepEqual(await run(['stop', 'app/apu']), {
    ...quiet,
    stderr: 'app/apu was not running\n  try: dvm stop app/api\n',
  })
  assert.deepEqual(await run(['rm', 'ap/api', '--yes']), {
    ...quiet,
    stdout: 'no Lima instance: ap\n',
    stderr: '  try: dvm rm app/api\n',
  })
})

test('stop --all --only-config leaves a VM alone that has no configuration', async (t) => {
  const { fake, run, write } = dvmOnFake(t)
  for (const name of ['dvm-a', 'dvm-b', 'dvm-c', 'dvm-builder', 'other'])
    fake.add({ name, status: 'Running' })
  for (const vm of ['a', 'c']) write(`.config/dvm/vms/${vm}/config.sh`, '')
  write('.config/dvm/vms/b', 'no directory')
  assert.deepEqual(await run(['stop', '--all', '--only-config']), {
    exitCode: 0,
    stdout: '',
    stderr: 'a is stopped\nc is stopped\n',
  })
  assert.deepEqual(
    ['a', 'b', 'c', 'builder'].map((vm) => fake.instance(`dvm-${vm}`)?.status),
    ['Stopped', 'Running', 'Stopped', 'Running'],
  )
  assert.deepEqual(await run(['stop', '--all', '--only-config']), { exitCode: 0, stdout: '', stderr: '' })
})

test('stop --all goes on after one that cannot be stopped, and exits 1', async (t) => {
  const { fake, run } = dvmOnFake(t, {
    limactl: [{ match: ['stop', 'dvm-a'], exitCode: 1, stderr: '{"level":"fatal","msg":"no"}\n' }],
  })
  for (const name of ['dvm-a', 'dvm-b']) fake.add({ name, status: 'Running' })
  const { exitCode, stderr } = await run(['stop', '--all'])
  assert.equal(exitCode, 1)
  assert.match(stderr, /^dvm: could not stop dvm-a: no .*\nb is stopped\n$/s)
})

test('rm: only with --yes, says what remains, works for what is not there', async (t) => {
  const { fake, run, write, home } = dvmOnFake(t)
  fake.add({ name: 'dvm-app', status: 'Running' })
  write('.config/dvm/vms/app/config.sh', '')
  assert.deepEqual(await run(['rm', 'app']), {
    exitCode: 9,
    stdout: '',
    stderr: 'dvm: removing app deletes everything inside it\n  try: dvm rm app --yes\n',
  })
  assert.notEqual(fake.instance('dvm-app'), undefined)
  const remains = 'warning: config remains in ~/.config/dvm/vms/app (dvm rm app --yes --config removes it)\n'
  assert.deepEqual(await run(['rm', 'app', '--yes']), {
    exitCode: 0,
    stdout: '',
    stderr: `app is removed\n${remains}`,
  })
  assert.equal(fake.instance('dvm-app'), undefined)
  assert.deepEqual(await run(['rm', 'app', '--yes', '--config']), {
    exitCode: 0,
    stdout: 'no Lima instance: app\n',
    stderr: '',
  })
  assert.equal(existsSync(join(home, '.config/dvm/vms/app')), false)
})

test('rm of a project: says what was there', async (t) => {
  const removal = { match: asDeveloper('me', ['podman', 'rm']), stdout: 'dvm-app-api\n', times: 1 }
  const { fake, run, write } = dvmOnFake(t, { guest: [removal] })
  write('.config/dvm/config.sh', 'DVM_USER=me\n')
  fake.add({ name: 'dvm-app', status: 'Running' })
  const rm = (...flags: string[]) => run(['rm', 'app/api', '--yes', '--force', ...flags])
  const quiet = { exitCode: 0, stdout: '' }
  assert.deepEqual(await rm('--keep-data'), {
    ...quiet,
    stderr: 'app/api is removed; its workspace is kept\n',
  })
  assert.deepEqual(await rm(), { ...quiet, stderr: 'app/api had no container\n' })
})

test('an instance that Lima protects is not removed', async (t) => {
  const { fake, run } = dvmOnFake(t)
  fake.add({ name: 'dvm-app', protected: true })
  const { exitCode, stderr } = await run(['rm', 'app', '--yes'])
  assert.deepEqual(
    [exitCode, stderr.split('\n')[1]],
    [9, 'dvm: the Lima instance dvm-app is protected from removal'],
  )
})

for (const ssh of [true, false])
  test(`ssh hands on words, input and exit code (${ssh ? 'ssh' : 'limactl shell'})`, async (t) => {
    const { fake, run, write } = dvmOnFake(t, {
      ssh,
      guest: [{ match: ['sudo'], exitCode: 42, stdout: 'out\n' }],
    })
    fake.add({ name: 'dvm-app', status: 'Stopped' })
    write('.config/dvm/config.sh', 'DVM_USER=me\n')
    const words = ['printf', "it's", '$HOME', '', '--help', '-x', 'a b']
    assert.deepEqual(await run(['ssh', 'app', '--', ...words], { input: 'in\n' }), {
      exitCode: 42,
      stdout: 'out\n',
      stderr: 'starting app\n',
    })
    const entry = fake.journal().at(-1)
    assert.equal(entry?.program, ssh ? 'ssh' : 'limactl')
    assert.deepEqual(entry.guest?.argv.slice(0, 5), ['sudo', '--set-home', '--user', 'me', '--'])
    assert.deepEqual(entry.guest?.argv.slice(8), ['dvm', '/home/me/code/app', ...words])
    assert.equal(entry.guest?.stdin, 'in\n')
  })

test('who is DVM_USER already by Lima’s own login enters without sudo', async (t) => {
  const { fake, run, write } = dvmOnFake(t, { ssh: true })
  fake.add({ name: 'dvm-app', status: 'Running' })
  write('.config/dvm/config.sh', 'DVM_USER=user\n')
  const words = ['printf', "it's", '']
  assert.equal((await run(['ssh', 'app', '--', ...words])).exitCode, 0)
  const argv = fake.journal().at(-1)?.guest?.argv
  assert.deepEqual(argv?.slice(0, 3), ['bash', '--norc', '-c'])
  assert.deepEqual(argv.slice(4), ['dvm', 'user', '/home/user/code/app', ...words])
})

test('limactl’s log level is the one that was asked for, in guests too', async (t) => {
  const { fake, run } = dvmOnFake(t)
  fake.add({ name: 'dvm-app', status: 'Running' })
  for (const [env, list, shell] of [
    [{}, 'warn', 'error'],
    [{ DVM_VERBOSE: '1' }, 'info', 'info'],
    [{ DVM_LIMA_LOG_LEVEL: 'debug' }, 'debug', 'debug'],
  ] as const) {
    await run(['ssh', 'app', 'true'], { env })
    const levels = fake.journal().map(({ argv }) => [argv[3], argv[2]?.replace('--log-level=', '')])
    assert.deepEqual(levels.slice(-2), [
      ['list', list],
      ['shell', shell],
    ])
  }
})

test('ssh without a command is a usage error; sh opens a login shell; a missing VM is not found', async (t) => {
  const { fake, run } = dvmOnFake(t)
  fake.add({ name: 'dvm-app', status: 'Running' })
  assert.deepEqual(await run(['ssh', 'app']), {
    exitCode: 2,
    stdout: '',
    stderr: 'dvm: say which command to run\n  try: dvm ssh app -- uname -a, or for a shell: dvm sh app\n',
  })
  assert.deepEqual(await run(['sh', 'app']), { exitCode: 0, stdout: '', stderr: '' })
  assert.deepEqual(fake.journal().at(-1)?.guest?.argv.slice(8), ['dvm', '/home/developer/code/app'])
  for (const args of [
    ['sh', 'none'],
    ['ssh', 'none', 'true'],
  ])
    assert.match(
      JSON.stringify(await run(args)),
      /^{"exitCode":5,"stdout":"","stderr":"dvm: the VM none does not exist\\n  try: dvm sync none/,
    )
})

test('sh and ssh name the VM that may have been meant: one that is configured, or one that dvm made', async (t) => {
  const { run, write } = dvmOnFake(t)
  write('.config/dvm/vms/app/config.sh', '')
  write('.local/state/dvm/web-1/state.json', '{}')
  // Known, only not made yet: no slip.
  write('.config/dvm/vms/web-2/config.sh', '')
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['sh', 'ap'], 'dvm sh app, or for a new VM: dvm sync ap (dvm new ap first, if it has no configuration)'],
    [
      ['ssh', 'wbe-1', '--', 'ls', '$(x)'],
      'dvm ssh web-1 -- …, or for a new VM: dvm sync wbe-1 (dvm new wbe-1 first, if it has no configuration)',
    ],
    [['sh', 'web-2'], 'dvm sync web-2 (dvm new web-2 first, if it has no configuration)'],
  ]
  for (const [args, hint] of cases)
    assert.deepEqual(await run(args), {
      exitCode: 5,
      stdout: '',
      stderr: `dvm: the VM ${args[1]} does not exist\n  try: ${hint}\n`,
    })
})
