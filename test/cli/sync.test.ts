import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { setupMarker } from '../../src/core/guest-script.ts'
import { dvmOnFake } from '../support/dvm-on-fake.ts'

test('a setup.sh that is no file is an error at once, also one that nobody will ever write to', async (t) => {
  const { fake, run, write, home } = dvmOnFake(t)
  const directory = dirname(write('.config/dvm/vms/app/config.sh', ''))
  const setup = join(directory, 'setup.sh')
  for (const make of ['mkfifo', 'mkdir']) {
    execFileSync(make, [setup])
    assert.deepEqual(await run(['sync', 'app']), {
      exitCode: 3,
      stdout: '',
      stderr: `dvm: ~/.config/dvm/vms/app/setup.sh is not a file\n  try: see what it is, and move it away: ls -ld '${home}/.config/dvm/vms/app/setup.sh'\n`,
    })
    rmSync(setup, { recursive: true })
  }
  assert.equal(fake.calls().filter((call) => !call.startsWith('list')).length, 0)
})

test('sync makes, starts and prepares a VM; a second one only prepares it', async (t) => {
  const { fake, run, write, home } = dvmOnFake(t)
  write('.config/dvm/vms/app/config.sh', 'DVM_CPUS=2\nDVM_PORTS=(3000:3000)\nDVM_USER=me\n')
  write('.config/dvm/vms/app/setup.sh', '# nothing yet\n')
  assert.deepEqual(await run(['sync', 'app']), {
    exitCode: 0,
    stdout: '',
    stderr: '✔ Create app\n✔ Prepare app and run its setup.sh\n',
  })
  const made = fake.calls().filter((call) => !/^(list|--version)/.test(call))
  assert.match(made.pop() ?? '', /^shell --workdir \/ dvm-app -- bash -s\b/)
  assert.deepEqual(made, [
    'create --name=dvm-app --mount-none --containerd=none --cpus=2 --memory=2 --disk=30 --port-forward=3000:3000,static=true template:fedora',
    'start --timeout=600s dvm-app',
  ])
  assert.match(fake.journal().at(-1)?.guest?.stdin ?? '', /\nexport DVM_USER=me\n/)
  const log = join(home, '.local/state/dvm/app/lima.log')
  assert.equal(statSync(log).mode & 0o777, 0o600)
  const before = fake.calls().length
  assert.deepEqual(await run(['sync', 'app']), {
    exitCode: 0,
    stdout: '',
    stderr: '✔ Prepare app and run its setup.sh\n',
  })
  const again = fake.calls().slice(before)
  assert.equal(again.filter((call) => /^(create|start|stop|--version)/.test(call)).length, 0)
  const state = JSON.parse(readFileSync(join(home, '.local/state/dvm/app/state.json'), 'utf8')) as {
    readonly config: object
  }
  assert.deepEqual(
    { ...state, createdAt: '', config: { ...state.config, stamp: '' } },
    {
      baseImage: 'template:fedora',
      createdAt: '',
      ports: ['3000:3000'],
      config: { cpus: 2, memory: 2, disk: 30, ports: ['3000:3000'], stamp: '' },
      users: ['me'],
    },
  )
})

test('DVM_PORTS that were changed: said, with what applies them', async (t) => {
  const { run, write } = dvmOnFake(t)
  write('.config/dvm/vms/app/config.sh', 'DVM_PORTS=(3000:3000)\n')
  await run(['sync', 'app'])
  write('.config/dvm/vms/app/config.sh', 'DVM_PORTS=(3000:3000 8080:80)\n')
  assert.deepEqual(await run(['sync', 'app']), {
    exitCode: 0,
    stdout: '',
    stderr:
      '✔ Prepare app\napp keeps what it was created with: ports 3000:3000 (config: 3000:3000 8080:80); to change it: dvm recreate app --yes\n',
  })
  assert.equal((await run(['recreate', 'app', '--yes'])).stderr, '✔ Create app\n✔ Prepare app\n')
  assert.equal((await run(['sync', 'app'])).stderr, '✔ Prepare app\n')
})

test('a dry run prints the plan and calls nothing, by flag or by variable', async (t) => {
  const { fake, run, write } = dvmOnFake(t)
  write('.config/dvm/vms/app/config.sh', 'DVM_CPUS=2\n')
  const stdout = [
    'VM: app',
    'base: template:fedora',
    'would run: limactl --tty=false --log-format=json --log-level=warn create --name=dvm-app --mount-none --containerd=none --cpus=2 --memory=2 --disk=30 template:fedora',
    'would run: limactl --tty=false --log-format=json --log-level=warn start --timeout=600s dvm-app',
    'setup script: <none>',
    '',
  ].join('\n')
  assert.deepEqual(await run(['sync', 'app', '--dry-run']), { exitCode: 0, stdout, stderr: '' })
  assert.deepEqual(await run(['sync', '--all'], { env: { DVM_DRY_RUN: '1' } }), {
    exitCode: 0,
    stdout,
    stderr: '',
  })
  assert.deepEqual(fake.journal(), [])
})

test('a failing setup.sh: its exit code, last lines and log are shown, dvm exits 1', async (t) => {
  const { run, write } = dvmOnFake(t, {
    guest: [{ match: ['bash', '-s'], exitCode: 3, stdout: `${setupMarker}\n`, stderr: 'line 4: nope\n' }],
  })
  write('.config/dvm/vms/app/setup.sh', 'nope\n')
  const { exitCode, stdout, stderr } = await run(['sync', 'app'])
  assert.deepEqual([exitCode, stdout], [1, ''])
  assert.match(
    stderr,
    /^✔ Create app\n✖ Prepare app and run its setup\.sh\ndvm: \S+\/vms\/app\/setup\.sh ended with exit code 3\n {2}\| line 4: nope\n {2}try: correct it, then: dvm sync app\n {2}log: ~\/\.local\/state\/dvm\/app\/setup\.log\n$/,
  )
})

test('a VM that does not start is taken away again', async (t) => {
  const { fake, run, write } = dvmOnFake(t, {
    limactl: [
      {
        match: ['start'],
        exitCode: 1,
        stderr: '{"level":"fatal","msg":"exiting, status={Running:false}"}\n',
      },
    ],
  })
  write('.config/dvm/vms/app/config.sh', '')
  const { exitCode, stderr } = await run(['sync', 'app'])
  assert.equal(exitCode, 1)
  assert.match(stderr, /^✖ Create app\ndvm: dvm-app stopped while it was starting\n/)
  assert.match(stderr, /\n {2}log: ~\/\.local\/state\/dvm\/app\/lima\.log\n$/)
  assert.equal(fake.instance('dvm-app'), undefined)
  assert.equal(fake.calls().at(-1), 'delete --force dvm-app')
})

test('an old global setup.sh gets one warning, whatever is synced', async (t) => {
  const { run, write } = dvmOnFake(t)
  for (const vm of ['app', 'web']) write(`.config/dvm/vms/${vm}/config.sh`, '')
  write('.config/dvm/setup.sh', 'echo old\n')
  const warned = async (...args: string[]): Promise<string[]> =>
    (await run(args)).stderr.split('\n').filter((line) => line.startsWith('warning:'))
  for (const args of [['app'], ['--all'], ['app', '--dry-run'], ['--all', '--dry-run']])
    assert.match((await warned('sync', ...args)).join('|'), /^[^|]*\/setup\.sh is no longer used: [^|]*$/)
})

test('a step that fails shows its title, the exit code, the last 20 lines of its log and where that is', async (t) => {
  const said = Array.from({ length: 30 }, (_, index) => `line ${index}`)
  const { run, write, home } = dvmOnFake(t, {
    limactl: [{ match: ['create'], exitCode: 3, stderr: `${said.join('\n')}\n` }],
  })
  write('.config/dvm/vms/app/config.sh', '')
  const setupLog = write('.local/state/dvm/app/setup.log', 'of an earlier sync\n')
  const { exitCode, stderr } = await run(['sync', 'app'])
  assert.equal(exitCode, 1)
  assert.deepEqual(stderr.split('\n'), [
    '✖ Create app',
    'dvm: could not create dvm-app: line 29 (exit code 3)',
    ...said.slice(-19).map((line) => `  | ${line}`),
    '  | limactl could not create dvm-app: exit code 3',
    '  try: limactl list dvm-app',
    '  log: ~/.local/state/dvm/app/lima.log',
    '',
  ])
  assert.equal(readFileSync(join(home, '.local/state/dvm/app/lima.log'), 'utf8').split('\n').length, 32)
  assert.equal(readFileSync(setupLog, 'utf8'), '', 'both logs are of this sync')
})

test('only directories are VMs', async (t) => {
  const { run, write } = dvmOnFake(t)
  write('.config/dvm/vms/app/config.sh', '')
  write('.config/dvm/vms/notes', 'DVM_CPUS=2\n')
  assert.match((await run(['sync', '--all', '--dry-run'])).stdout, /^VM: app\n(?!.*VM:)/s)
  assert.equal((await run(['sync', 'notes'])).exitCode, 5)
})

test('--all goes on after a failure and exits 1', async (t) => {
  const { fake, run, write } = dvmOnFake(t)
  write('.config/dvm/vms/bad/config.sh', 'DVM_CPUS=many\n')
  write('.config/dvm/vms/good/config.sh', '')
  const { exitCode, stderr } = await run(['sync', '--all'])
  assert.equal(exitCode, 1)
  assert.deepEqual(stderr.split('\n').slice(0, 2).sort(), ['✔ good', '✖ bad'])
  assert.match(
    stderr,
    /\n1 of 2 VMs are ready\ndvm: bad: .*DVM_CPUS must be a whole number above 0, not "many"\n {2}try: correct that, then: dvm doctor\n$/,
  )
  assert.equal((await run(['sync', '--all', '--jobs', 'many'])).exitCode, 2)
  assert.equal((await run(['sync', 'a', '--jobs', '2'])).exitCode, 2)
  assert.equal(fake.instance('dvm-good')?.status, 'Running')
})

const wrong: readonly [readonly string[], number, string][] = [
  [['sync'], 2, 'dvm: name one VM, or use --all\n  try: dvm sync VM\n'],
  [
    ['sync', 'App'],
    2,
    'dvm: "App" is not a VM name\n  try: use small letters, digits and "-", starting with a letter\n',
  ],
  [
    ['sync', 'builder'],
    9,
    'dvm: "builder" is reserved for the base image workflow\n  try: choose another name; the builder is managed with: dvm base status, dvm base rm --builder\n',
  ],
  [
    ['rm', 'base', '--yes'],
    9,
    'dvm: "base" is reserved for the base image workflow\n  try: choose another name; the builder is managed with: dvm base status, dvm base rm --builder\n',
  ],
]
for (const [args, exitCode, stderr] of wrong)
  test(`dvm ${args.join(' ')} is refused`, async (t) => {
    const { fake, run } = dvmOnFake(t)
    assert.deepEqual(await run(args), { exitCode, stdout: '', stderr })
    assert.deepEqual(fake.journal(), [])
  })

test('a VM without a configuration is not found', async (t) => {
  const { run } = dvmOnFake(t)
  assert.deepEqual(await run(['sync', 'app']), {
    exitCode: 5,
    stdout: '',
    stderr: `dvm: there is no VM "app" in ~/.config/dvm/vms\n  try: dvm new app\n`,
  })
})

test('a VM with nearly that name is what was meant, perhaps', async (t) => {
  const { run, write } = dvmOnFake(t)
  for (const vm of ['app', 'web', '$(touch x)', 'ap p']) write(`.config/dvm/vms/${vm}/config.sh`, '')
  for (const flags of ['', ' --dry-run'])
    assert.deepEqual(await run(['sync', 'ap', ...flags.split(' ').filter(Boolean)]), {
      exitCode: 5,
      stdout: '',
      stderr: `dvm: there is no VM "ap" in ~/.config/dvm/vms\n  try: dvm sync app${flags}, or for a new VM: dvm new ap\n`,
    })
})

test('Lima run as root or missing is said with the way out', async (t) => {
  const { fake, run, write } = dvmOnFake(t, { root: true })
  write('.config/dvm/vms/app/config.sh', '')
  // Captured from the real one; the end-to-end suite runs as an ordinary user, so that root cannot be seen there.
  assert.deepEqual(await run(['ls']), {
    exitCode: 9,
    stdout: '',
    stderr:
      'dvm: Lima refuses to run as root\n  | limactl: must not run as the root user\n  try: run dvm as an ordinary user\n',
  })
  assert.equal((await run(['sync', 'app'])).exitCode, 9)
  fake.script({})
  const missing = await run(['ls'], { env: { DVM_LIMACTL: '/no/such/limactl' } })
  assert.deepEqual(missing, {
    exitCode: 4,
    stdout: '',
    stderr:
      'dvm: limactl is not installed: DVM_LIMACTL leads to no program\n  try: unset DVM_LIMACTL, or set it to the path of limactl\n',
  })
  const gone = await run(['ls'], { env: { PATH: dirname(process.execPath) } })
  assert.deepEqual([gone.exitCode, gone.stderr.split('\n')[0]], [4, 'dvm: limactl is not installed'])
  assert.match(gone.stderr, /\n {2}try: install Lima 2\.1 or later: /)
})
