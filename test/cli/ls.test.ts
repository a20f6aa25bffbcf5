// `dvm ls`: the truth about VMs beside what their files say now, and how little it takes to tell.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { asDeveloper } from '../support/as-developer.ts'
import { dvmOnFake } from '../support/dvm-on-fake.ts'

const fixture = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../fixtures/lima', name), 'utf8')

/** A VM that was synced with 2 CPUs; its config.sh writes down that it was evaluated. */
const synced = async (t: TestContext) => {
  const dvm = dvmOnFake(t)
  const trace = join(dvm.home, 'evaluated')
  const config = (text: string, path = 'vms/app/config.sh'): string =>
    dvm.write(`.config/dvm/${path}`, `echo x >>"$HOME/evaluated"\n${text}`)
  config('DVM_CPUS=2\n')
  assert.equal((await dvm.run(['sync', 'app'])).exitCode, 0)
  const ls = async (): Promise<{
    readonly story: string
    readonly evaluated: boolean
    readonly drift: unknown
  }> => {
    rmSync(trace, { force: true })
    const { stdout, stderr } = await dvm.run(['ls', '--json'])
    const evaluated = existsSync(trace)
    const [row] = JSON.parse(stdout) as { readonly drift: unknown }[]
    return { story: stderr, evaluated, drift: row?.drift }
  }
  return { ...dvm, config, ls }
}

test('no bash runs while the configuration is that of the last sync', async (t) => {
  const { ls, run } = await synced(t)
  assert.deepEqual(await ls(), { story: '', evaluated: false, drift: [] })
  assert.equal((await run(['sync', 'app'])).exitCode, 0)
  assert.deepEqual(await ls(), { story: '', evaluated: false, drift: [] })
})

test('an edited configuration is seen before a sync, the VM’s own and the shared one', async (t) => {
  const { config, ls, run } = await synced(t)
  config('DVM_CPUS=3\nDVM_PORTS=(3000:3000)\n')
  const drift = ['2 CPUs (config: 3)', 'no ports (config: 3000:3000)']
  assert.deepEqual(await ls(), { story: '', evaluated: true, drift })
  const { stdout, stderr } = await run(['ls'])
  assert.match(stdout, /^app {2}Running {2}2 /m)
  assert.equal(
    stderr,
    `app keeps what it was created with: ${drift.join(', ')}; to change it: dvm recreate app --yes\n`,
  )
  await run(['sync', 'app'])
  assert.deepEqual(await ls(), { story: '', evaluated: false, drift }, 'it stays so until it is recreated')
  config('DVM_CPUS=2\n')
  await run(['sync', 'app'])
  config('DVM_MEMORY=4\n', 'config.sh')
  assert.deepEqual((await ls()).drift, ['2 GiB memory (config: 4 GiB)'])
})

test('an edit is evaluated once, and nothing that a sync wrote is touched', async (t) => {
  const { config, ls, home, run } = await synced(t)
  const state = join(home, '.local/state/dvm/app/state.json')
  const before = readFileSync(state, 'utf8')
  const drift = ['2 CPUs (config: 3)']
  config('DVM_CPUS=3\n')
  for (const evaluated of [true, false, false]) assert.deepEqual(await ls(), { story: '', evaluated, drift })
  config('DVM_CPUS=5\n')
  for (const evaluated of [true, false])
    assert.deepEqual(await ls(), { story: '', evaluated, drift: ['2 CPUs (config: 5)'] })
  config('DVM_MEMORY=4\n', 'config.sh')
  for (const evaluated of [true, false]) assert.equal((await ls()).evaluated, evaluated)
  assert.equal(readFileSync(state, 'utf8'), before)
  assert.equal(statSync(join(state, '../evaluated.json')).mode & 0o777, 0o600)
  assert.equal((await run(['rm', 'app', '--yes'])).exitCode, 0)
  assert.equal(existsSync(join(state, '..')), false)
})

test('what is wrong is evaluated once and told each time, until an edit; a mode that was wrong is looked at anew', async (t) => {
  const { config, ls, home } = await synced(t)
  const path = join(home, '.config/dvm/vms/app/config.sh')
  config('exit 3\n')
  const story = `warning: app: ${path} stopped bash before the end of the file (status 3)\n`
  for (const evaluated of [true, false]) assert.deepEqual(await ls(), { story, evaluated, drift: [] })
  config('DVM_CPUS=3\n')
  assert.deepEqual(await ls(), { story: '', evaluated: true, drift: ['2 CPUs (config: 3)'] })
  config('DVM_CPUS=4\n')
  chmodSync(path, 0o666)
  assert.match((await ls()).story, /other users can write to it/)
  chmodSync(path, 0o600)
  assert.deepEqual(await ls(), { story: '', evaluated: true, drift: ['2 CPUs (config: 4)'] })
})

test('the same files are evaluated anew for another DVM_VM_TYPE, and where the memory of them is damaged', async (t) => {
  const { config, ls, run, write } = await synced(t)
  config('DVM_CPUS=3\n')
  const wrong = await run(['ls'], { env: { DVM_VM_TYPE: 'no type' } })
  assert.match(wrong.stderr, /DVM_VM_TYPE must be a VM type/)
  const now = { story: '', evaluated: true, drift: ['2 CPUs (config: 3)'] }
  assert.deepEqual(await ls(), now)
  for (const damaged of ['', '[]', '{"key":1}', '{"key":"x","wanted":{}}']) {
    write('.local/state/dvm/app/evaluated.json', damaged)
    assert.deepEqual(await ls(), now)
  }
})

test('a VM whose last sync an older dvm did shows its drift at once', async (t) => {
  const { config, ls, write } = await synced(t)
  config('DVM_CPUS=4\n')
  write('.local/state/dvm/app/state.json', JSON.stringify({ config: { cpus: 2, memory: 2, disk: 30 } }))
  assert.deepEqual(await ls(), { story: '', evaluated: true, drift: ['2 CPUs (config: 4)'] })
})

test('a configuration that is wrong now is said, and the VMs are listed all the same', async (t) => {
  const { config, run, ls } = await synced(t)
  config('DVM_CPUS=many\n')
  const { exitCode, stdout, stderr } = await run(['ls'])
  assert.equal(exitCode, 0)
  assert.match(stdout, /^app {2}Running {2}2 /m)
  assert.match(stderr, /^warning: app: .*DVM_CPUS must be a whole number above 0, not "many"\n$/s)
  assert.deepEqual((await ls()).drift, [])
})

test('a VM whose settings Lima cannot read is Broken, its sizes are unknown, and drift from nothing is none', async (t) => {
  const { run, write } = dvmOnFake(t, {
    limactl: [{ match: ['list'], stdout: fixture('list-broken.jsonl') }],
  })
  write('.config/dvm/vms/t/config.sh', '')
  const config = { cpus: 2, memory: 2, disk: 30, ports: [], stamp: '' }
  write('.local/state/dvm/t/state.json', JSON.stringify({ config }))
  const { exitCode, stdout, stderr } = await run(['ls'])
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.deepEqual(stdout.split('\n').slice(0, 2), [
    'VM  STATE    CPUS  MEMORY  DISK    PROJECTS  BASE',
    't   Broken   -     -       -       -         -',
  ])
  const [row] = JSON.parse((await run(['ls', '--json'])).stdout) as Record<string, unknown>[]
  assert.deepEqual([row?.['state'], row?.['cpus'], row?.['drift']], ['Broken', 0, []])
})

test('projects are counted and named; a dev-base that is behind is said with what to type', async (t) => {
  const { run, write, fake } = dvmOnFake(t)
  fake.add({ name: 'dvm-app', status: 'Running' })
  fake.add({ name: 'dvm-web', status: 'Stopped' })
  for (const project of ['web', 'api']) write(`.config/dvm/vms/app/projects/${project}/project.sh`, '')
  write('.config/dvm/vms/app/projects/notes', 'no project')
  write('.config/dvm/base/dev/Containerfile', 'ARG DVM_DEV_FROM\nFROM ${DVM_DEV_FROM}\n')
  write('.local/state/dvm/app/state.json', JSON.stringify({ devBase: 'ab'.repeat(32) }))
  const [row] = JSON.parse((await run(['ls', '--json'])).stdout) as Record<string, unknown>[]
  assert.deepEqual(
    [row?.['projects'], row?.['devBase'], row?.['devBaseBehind']],
    [['api', 'web'], 'ab'.repeat(32), true],
  )
  const { stdout, stderr } = await run(['ls'])
  assert.deepEqual(stdout.split('\n'), [
    'VM   STATE    CPUS  MEMORY  DISK    PROJECTS  BASE  DEV-BASE',
    'app  Running  2     2 GiB   30 GiB  2         -     abababababab (behind)',
    'web  Stopped  2     2 GiB   30 GiB  -         -     -',
    '',
  ])
  assert.equal(stderr, 'the dev-base in app is behind base/dev: dvm sync app\n')
  rmSync(join(fake.root, '.config/dvm/base/dev'), { recursive: true })
  const [after] = JSON.parse((await run(['ls', '--json'])).stdout) as Record<string, unknown>[]
  assert.equal(after?.['devBaseBehind'], false, 'nothing says what it should be')
})

test('a dev-base that a sync brought up to date is not behind', async (t) => {
  const { run, write, fake } = dvmOnFake(t, {
    guest: [
      {
        match: asDeveloper('me', ['bash', '-s', '--', 'app']),
        stdout: '::dvm ready yes\n::dvm containers\n[]\n::dvm images\n[]\n',
      },
    ],
  })
  fake.add({ name: 'dvm-app', status: 'Running' })
  write('.config/dvm/config.sh', 'DVM_USER=me\n')
  write('.config/dvm/vms/app/projects/api/project.sh', '')
  write('.config/dvm/base/dev/Containerfile', 'ARG DVM_DEV_FROM\nFROM ${DVM_DEV_FROM}\n')
  assert.equal((await run(['sync', 'app'])).exitCode, 0)
  const rowOf = async () => (JSON.parse((await run(['ls', '--json'])).stdout) as Record<string, unknown>[])[0]
  const row = await rowOf()
  assert.match(String(row?.['devBase']), /^[0-9a-f]{64}$/)
  assert.equal(row?.['devBaseBehind'], false)
  write('.config/dvm/base/packages.txt', 'tree\n')
  assert.equal((await rowOf())?.['devBaseBehind'], true)
})
