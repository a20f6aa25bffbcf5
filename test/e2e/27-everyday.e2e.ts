// The rest of what people type all day, on a real VM: cp, logs, open, doctor, pins, reset with its guard. Makes its base
// (10-base-build) and its VM (20-vm) when there are none.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { ensureBase, ensureVm, user } from '../support/e2e-base.ts'
import { standInEditor } from '../support/e2e-ssh.ts'
import {
  configDir,
  dvm,
  dvmCommand,
  follow,
  home,
  instance,
  runDvm,
  startDvm,
  stateDir,
} from '../support/e2e.ts'

const local = join(home, 'everyday')
const quiet = { exitCode: 0, stdout: '', stderr: '' }
/** Every odd byte that a file's name may have, and a shell would stumble over. */
const odd = `-rf 'it' "is" $(id) \`id\` * ünï\n\\end`

before(async () => {
  await ensureBase()
  await ensureVm('app')
  assert.equal((await dvm(['sync', 'app'])).exitCode, 0)
  rmSync(local, { recursive: true, force: true })
  mkdirSync(join(local, 'tree', odd), { recursive: true })
})
after(async () => {
  await dvm(['ssh-config', '--remove'])
  rmSync(local, { recursive: true, force: true })
})

const inside = async (script: string): Promise<string> => {
  const { exitCode, stdout, stderr } = await runDvm(['ssh', 'app', '--', 'bash', '-s'], { input: script })
  assert.deepEqual([exitCode, stderr], [0, ''])
  return stdout
}

test('cp: a file of any bytes, to the code directory and back, as the developer’s user', async () => {
  const bytes = randomBytes(3_000_001)
  const file = join(local, odd)
  writeFileSync(file, bytes)
  chmodSync(file, 0o750)
  assert.deepEqual(await dvm(['cp', file, 'app:']), quiet)
  assert.equal(
    await inside(`cd ~/code/app; stat --format '%U:%G %a %s' ./-rf*`),
    `${user}:${user} 750 ${bytes.length}\n`,
  )
  const back = join(local, 'back')
  assert.deepEqual(await dvm(['cp', `app:./${odd}`, back]), quiet)
  assert.ok(readFileSync(back).equals(bytes))
  assert.equal(statSync(back).mode & 0o777, 0o750)
})

test('cp -r: a directory with odd names, into the VM and out of it', async () => {
  writeFileSync(join(local, 'tree', odd, 'file'), 'in a tree\n')
  assert.deepEqual(await dvm(['cp', '-r', join(local, 'tree'), 'app:/var/tmp/']), quiet)
  assert.equal(await inside('cat /var/tmp/tree/*/file'), 'in a tree\n')
  mkdirSync(join(local, 'out'))
  assert.deepEqual(await dvm(['cp', '-r', 'app:/var/tmp/tree', join(local, 'out')]), quiet)
  assert.deepEqual(readdirSync(join(local, 'out', 'tree')), [odd])
  assert.equal(readFileSync(join(local, 'out', 'tree', odd, 'file'), 'utf8'), 'in a tree\n')
  const missing = await dvm(['cp', 'app:/no/such', local])
  assert.equal(missing.exitCode, 5, missing.stderr)
})

test('sync --json tells what happens, an object a line; logs shows what that sync wrote', async () => {
  writeFileSync(join(home, '.config/dvm/vms/app/setup.sh'), 'echo "out of setup" && echo err >&2\n', {
    mode: 0o600,
  })
  const synced = await dvm(['sync', 'app', '--json'])
  assert.deepEqual([synced.exitCode, synced.stderr], [0, ''])
  const events = synced.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  for (const { at } of events) assert.equal(typeof at, 'number')
  const title = 'Prepare app and run its setup.sh'
  assert.deepEqual(
    events
      .filter(({ event }) => event !== 'progress')
      .map((line) => Object.fromEntries(Object.entries(line).filter(([name]) => name !== 'at'))),
    [
      { event: 'step', title, state: 'begun' },
      { event: 'step', title, state: 'done' },
      { event: 'result', result: { ready: 1, failed: 0 } },
    ],
  )
  const { exitCode, stdout } = await dvm(['logs', 'app'])
  assert.equal(exitCode, 0)
  assert.match(stdout, /out of setup\n/)
  assert.match(stdout, /err\n/)
})

test('ssh-config prints what ssh needs, and changes nothing of the person’s', async () => {
  const { exitCode, stdout, stderr } = await dvm(['ssh-config'])
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.match(
    stdout,
    new RegExp(`^Host app\\.dvm\\n {2}HostName 127\\.0\\.0\\.1\\n {2}Port \\d+\\n {2}User ${user}\\n`),
  )
  assert.equal(existsSync(join(stateDir, 'ssh', 'config')), false)
  const file = join(local, 'printed')
  writeFileSync(file, stdout)
  const reached = await follow('ssh', ['-F', file, 'app.dvm', 'id -un']).result
  assert.deepEqual([reached.exitCode, reached.stdout, reached.stderr], [0, `${user}\n`, ''])
})

test('open tells an editor where the code directory is, and the way there works', async () => {
  const { env, told, reached } = standInEditor(local)
  assert.equal((await dvm(['ssh-config', '--install'])).exitCode, 0)
  assert.deepEqual(await dvm(['open', 'app', '--editor', 'code'], { env }), {
    ...quiet,
    stderr: 'app is open in code\n',
  })
  const directory = `/home/${user}/code/app`
  assert.equal(told(), `--remote\nssh-remote+app.dvm\n${directory}\n`)
  assert.equal(reached(), `${directory}\n`)
})

test('doctor looks at the real tools; pins list knows the images', async () => {
  const { exitCode, stdout } = await dvm(['doctor', '--json'])
  const findings = JSON.parse(stdout) as readonly { name: string; state: string; fix?: string }[]
  const states = Object.fromEntries(findings.map(({ name, state }) => [name, state]))
  for (const name of ['user', 'node', 'bash', 'ssh', 'lima', 'qemu', 'builder'])
    assert.equal(states[name], 'ok', `${name}: ${stdout}`)
  const wrong = findings.filter(({ state }) => state === 'problem')
  assert.equal(exitCode, wrong.length === 0 ? 0 : 4)
  for (const finding of findings.filter(({ state }) => state !== 'ok'))
    assert.notEqual(finding.fix ?? '', '', finding.name)
  const pins = await dvm(['pins', 'list'])
  assert.equal(pins.exitCode, 0)
  assert.match(pins.stdout, /^debian +project-base /m)
})

test('sync --all finds every VM ready, and logs -f follows what it writes', async (t) => {
  const following = startDvm(['logs', '-f', 'app'])
  // A test that failed has left it running, and this process would wait for it.
  t.after(() => following.kill('SIGKILL'))
  await following.printed(/==> .*\/setup\.log <==/)
  writeFileSync(join(home, '.config/dvm/vms/app/setup.sh'), 'echo "all at $((6 * 7))"\n', { mode: 0o600 })
  const all = await dvm(['sync', '--all'])
  assert.equal(all.exitCode, 0, all.stderr)
  assert.match(all.stderr, /^✔ app \(…\)$/m)
  await following.printed(/^all at 42$/m)
  following.kill('SIGINT')
  assert.equal((await following.result).exitCode, 130)
})

test('dvm alone is ls; --only-config is about VMs that have a configuration, in ls and in stop --all', async (t) => {
  const [configuration, aside] = [join(configDir, 'vms', 'app'), join(local, 'configuration')]
  renameSync(configuration, aside)
  t.after(() => renameSync(aside, configuration))
  const alone = await dvm([])
  assert.equal(alone.exitCode, 0, alone.stderr)
  assert.match(alone.stdout, /^VM +STATE +CPUS +MEMORY +DISK +PROJECTS +BASE\napp +Running +2 +2 GiB +/)
  const configured = await dvm(['ls', '--only-config'])
  assert.deepEqual([configured.exitCode, configured.stdout.split(/\s/)[0]], [0, 'VM'], configured.stderr)
  assert.doesNotMatch(configured.stdout, /^app /m)
  assert.equal((await dvm(['stop', '--all', '--only-config'])).exitCode, 0)
  assert.equal((await instance('dvm-app'))?.status, 'Running')
})

test('help, version and completion say what there is', async () => {
  assert.match((await dvm(['version'])).stdout, /^dvm \d+\.\d+\.\d+/m)
  assert.match((await dvm(['help', 'projects'])).stdout, /project\.sh/)
  const script = join(local, 'completion.bash')
  writeFileSync(script, (await dvm(['completion', 'bash'])).stdout)
  // As in a shell of somebody who has dvm on PATH.
  const bin = join(local, 'path')
  mkdirSync(bin)
  const dvmItself = dvmCommand([]).map((word) => `'${word}'`)
  writeFileSync(join(bin, 'dvm'), `#!/bin/sh\nexec ${dvmItself.join(' ')} "$@"\n`, { mode: 0o755 })
  const typed = `. '${script}'; COMP_WORDS=(dvm sync a) COMP_CWORD=2; _dvm; printf '%s\\n' "\${COMPREPLY[@]}"`
  const env = { PATH: `${bin}:${process.env['PATH']}` }
  const { exitCode, stdout, stderr } = await follow('bash', ['-c', typed], { env }).result
  assert.deepEqual([exitCode, stdout, stderr], [0, 'app\n', ''])
  for (const [shell, line] of [
    ['zsh', /^#compdef dvm\n[^]* dvm __complete -- /],
    ['fish', / dvm __complete -- [^]*\ncomplete -c dvm /],
  ] as const) {
    const printed = await dvm(['completion', shell])
    assert.deepEqual([printed.exitCode, printed.stderr], [0, ''])
    assert.match(printed.stdout, line)
  }
})

test('recreate and reset: not without --yes, not over work that exists nowhere else, then from the current base', async () => {
  const bootId = async (): Promise<string> => inside('cat /etc/machine-id')
  const machine = await bootId()
  await inside(`cd ~/code/app && git init -q repository && cd repository && echo work > file`)
  for (const command of ['recreate', 'reset'])
    assert.deepEqual(await dvm([command, 'app']), {
      exitCode: 9,
      stdout: '',
      stderr: `dvm: resetting app deletes everything inside it\n  try: dvm ${command} app --yes\n`,
    })
  const guarded = await dvm(['recreate', 'app', '--yes'])
  assert.equal(guarded.exitCode, 9)
  assert.match(guarded.stderr, /^dvm: app holds work that exists nowhere else$/m)
  assert.match(guarded.stderr, /code\/app\/repository: uncommitted changes$/m)
  assert.equal(await bootId(), machine)
  const made = await dvm(['reset', 'app', '--yes', '--force'])
  assert.equal(made.exitCode, 0, made.stderr)
  assert.notEqual(await bootId(), machine)
  assert.equal(await inside('ls -A ~/code/app'), '')
})
