// ssh-config, open and the agent as processes; what is written is read by the real ssh.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { hostKeyMarker } from '../../src/core/host-keys.ts'
import { asDeveloper } from '../support/as-developer.ts'
import { dvmOnFake } from '../support/dvm-on-fake.ts'
import { writePrivate } from '../support/temporary.ts'
import { sources } from '../support/main.ts'

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGhvc3RrZXk'
const containerId = 'c0'.repeat(32)
const container = {
  Id: containerId,
  Names: ['dvm-app-api'],
  State: 'running',
  Image: 'a',
  Labels: {
    'dvm.project': 'api',
    'dvm.spec': JSON.stringify({ image: 'a', nested: false, workdir: '/src', ports: [] }),
  },
}
/** A VM with a container that runs. */
const withProject = [
  {
    match: asDeveloper('me', ['bash', '-s', '--', 'app']),
    stdout: `::dvm ready yes\n::dvm containers\n${JSON.stringify([container])}\n::dvm images\n[]\n`,
  },
  {
    match: asDeveloper('me', ['bash', '-s', '--', 'dvm-app-api']),
    stdout: `::dvm account node\n::dvm key ${key}\n::dvm container ${containerId}\n`,
  },
]
const guest = [
  { match: ['sudo', 'DVM_USER=me', 'bash', '-s'], stdout: `${hostKeyMarker}${key}\n` },
  { match: ['bash', '-s', '--', 'dvm:sync'], stdout: `${hostKeyMarker}${key}\n` },
]

/** What ssh would do for `ssh ALIAS`. The fakes are not on this PATH. */
const sshG = (config: string, alias: string): string[] => {
  const { status, stdout, stderr } = spawnSync('ssh', ['-G', '-F', config, alias], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout.split('\n')
}

test('without VMs there is nothing to print', async (t) => {
  const { run } = dvmOnFake(t)
  assert.deepEqual(await run(['ssh-config']), { exitCode: 0, stdout: '', stderr: '' })
})

test('from print to install, through restarts, to rm and remove', async (t) => {
  const { fake, run, write, home } = dvmOnFake(t, { guest })
  write('.config/dvm/config.sh', 'DVM_USER=me\n')
  write('.config/dvm/vms/app/config.sh', 'DVM_CPUS=2\n')
  fake.add({ name: 'dvm-app', status: 'Running', sshPort: 40022 })
  fake.add({ name: 'dvm-new' })
  const printed = await run(['ssh-config'])
  assert.equal(printed.stderr, 'ssh cannot log in yet to new: dvm sync VM\n')
  const file = write('printed', printed.stdout)
  for (const line of [
    'user me',
    'hostname 127.0.0.1',
    'port 40022',
    `identityfile ${fake.state}/lima/_config/user`,
    'hostkeyalias dvm-app',
    'stricthostkeychecking true',
    `userknownhostsfile ${home}/.local/state/dvm/ssh/app.known_hosts`,
    'forwardagent no',
  ])
    assert.ok(sshG(file, 'app.dvm').includes(line), line)

  const user = write('.ssh/config', 'Host *\r\n  User other')
  const own = '~/.local/state/dvm/ssh/config\n'
  assert.deepEqual(await run(['ssh-config', '--install']), {
    exitCode: 0,
    stdout: own,
    stderr:
      '~/.ssh/config includes it now, in two lines at its beginning; the rest of it is as it was\nssh cannot log in yet to new: dvm sync VM\n',
  })
  const installed = readFileSync(user, 'utf8')
  assert.match(installed, /^# From dvm.*\r\nInclude ".*"\r\nHost \*\r\n {2}User other$/)
  assert.equal(
    (await run(['ssh-config', '--install'])).stderr.split('\n')[0],
    '~/.ssh/config includes it already',
  )
  assert.equal(readFileSync(user, 'utf8'), installed)
  assert.ok(sshG(user, 'app.dvm').includes('port 40022'))
  assert.ok(sshG(user, 'app.dvm').includes('user me'))
  assert.ok(sshG(user, 'elsewhere').includes('user other'))

  await run(['stop', 'app'])
  await run(['sync', 'app'])
  assert.ok(sshG(user, 'app.dvm').includes('port 40023'), 'after a start there is a new port')
  assert.equal(readFileSync(join(home, '.local/state/dvm/ssh/app.known_hosts'), 'utf8'), `dvm-app ${key}\n`)
  await run(['rm', 'app', '--yes'])
  assert.ok(sshG(user, 'app.dvm').includes('hostname app.dvm'), 'ssh knows nothing of it any more')
  assert.deepEqual(await run(['ssh-config', '--remove']), {
    exitCode: 0,
    stdout: '',
    stderr: 'your ssh configuration includes no VMs any more\n',
  })
  assert.equal(readFileSync(user, 'utf8'), 'Host *\r\n  User other')
  assert.deepEqual(readdirSync(join(home, '.local/state/dvm/ssh')), [])
  assert.equal((await run(['ssh-config', '--remove'])).stderr, 'it was not installed\n')
})

test('while it is not installed, sync and rm load nothing of it', async (t) => {
  const { run, write, home } = dvmOnFake(t, { guest })
  write('.config/dvm/vms/app/config.sh', '')
  const hook = resolve(import.meta.dirname, '../support/loaded-packages.ts')
  for (const args of [['sync', 'app'], ['rm', 'app', '--yes'], ['ls']]) {
    const { exitCode, stderr } = await run(args, { main: sources, env: { NODE_OPTIONS: `--import=${hook}` } })
    assert.equal(exitCode, 0)
    const loaded = stderr.split('\n').find((line) => line.startsWith('loaded: ')) ?? ''
    assert.match(loaded, /tasks\/(vms|list-vms|sync)/)
    assert.doesNotMatch(loaded, /ssh-hosts|tasks\/(ssh-config|project-ssh)|ssh-include/)
  }
  assert.equal(existsSync(join(home, '.local/state/dvm/ssh')), false)
})

test('what makes no sense exits 2, what cannot be tried is not tried', async (t) => {
  const { fake, run } = dvmOnFake(t)
  fake.add({ name: 'dvm-app', status: 'Running' })
  const both = await run(['ssh-config', '--install', '--remove'])
  assert.deepEqual([both.exitCode, both.stdout], [2, ''])
  assert.match(both.stderr, /^dvm: option '--remove' cannot be used with option '--install'\n/)
  for (const args of [
    ['ssh-config', '--install'],
    ['ssh-config', '--remove'],
    ['open', 'app'],
  ])
    assert.equal((await run(args, { env: { DVM_DRY_RUN: '1' } })).exitCode, 2)
  assert.equal(
    (await run(['open', 'app', '--editor', 'emacs'])).stderr,
    [
      'dvm: "emacs" is no editor that dvm knows',
      '  try: --editor or DVM_EDITOR, one of: code, cursor, windsurf, code-insiders, codium, zed',
      '',
    ].join('\n'),
  )
  assert.deepEqual(fake.journal(), [])
})

test('open: the editor gets its words as they are', async (t) => {
  const { fake, run, write, home } = dvmOnFake(t, { guest })
  write('.config/dvm/config.sh', 'DVM_USER=me\n')
  fake.add({ name: 'dvm-app', status: 'Running' })
  const editor = write('bin/cursor', `#!/bin/sh\nprintf '%s\\n' "$@" > '${home}/opened'\n`)
  chmodSync(editor, 0o755)
  const env = { PATH: `${home}/bin:${fake.variables['PATH'] ?? ''}` }
  assert.deepEqual(await run(['open', 'app', '--editor', 'cursor'], { env }), {
    exitCode: 3,
    stdout: '',
    stderr:
      'dvm: cursor reaches VMs through your ssh configuration, and dvm is not in it\n  try: dvm ssh-config --install\n',
  })
  await run(['ssh-config', '--install'])
  assert.deepEqual(await run(['open', 'app', '--editor', 'cursor'], { env }), {
    exitCode: 0,
    stdout: '',
    stderr: 'app is open in cursor\n',
  })
  assert.equal(
    readFileSync(join(home, 'opened'), 'utf8'),
    '--remote\nssh-remote+app.dvm\n/home/me/code/app\n',
  )
  assert.equal((await run(['open', 'app'], { env: { ...env, DVM_EDITOR: 'cursor' } })).exitCode, 0)
})

test('a project: from install through open and a sync that finds nothing new to rm', async (t) => {
  const { fake, run, write, home } = dvmOnFake(t, { guest: [...withProject, ...guest] })
  write('.config/dvm/config.sh', 'DVM_USER=me\n')
  write('.config/dvm/vms/app/config.sh', '')
  write('.config/dvm/vms/app/projects/api/project.sh', 'IMAGE=a\nPROJ_WORKDIR=/src\n')
  writePrivate(join(fake.state, 'lima/_config/user.pub'), `${key} lima\n`)
  const user = write('.ssh/config', '')
  fake.add({ name: 'dvm-app', status: 'Running', sshPort: 40022 })
  assert.doesNotMatch(
    (await run(['ssh-config'])).stdout,
    /api/,
    'its way leads through what is not there yet',
  )
  assert.equal((await run(['ssh-config', '--install'])).exitCode, 0)
  for (const line of [
    'user node',
    'hostkeyalias api.app.dvm',
    `userknownhostsfile ${home}/.local/state/dvm/ssh/api.app.known_hosts`,
    `proxycommand ssh -F ${home}/.local/state/dvm/ssh/config app.dvm 'podman start dvm-app-api </dev/null >/dev/null && exec podman exec --interactive --detach-keys= --user 0 dvm-app-api /etc/dvm-ssh/serve app/api'`,
  ])
    assert.ok(sshG(user, 'api.app.dvm').includes(line), line)
  assert.match((await run(['ssh-config'])).stdout, /^Host api\.app\.dvm$/m)

  const editor = write('bin/code', `#!/bin/sh\nprintf '%s\\n' "$@" > '${home}/opened'\n`)
  chmodSync(editor, 0o755)
  const env = { PATH: `${home}/bin:${fake.variables['PATH'] ?? ''}` }
  const opened = await run(['open', 'app/api', '--editor', 'code'], { env })
  assert.deepEqual(opened, { exitCode: 0, stdout: '', stderr: 'app/api is open in code\n' })
  assert.equal(readFileSync(join(home, 'opened'), 'utf8'), '--remote\nssh-remote+api.app.dvm\n/src\n')

  const before = fake.journal().length
  assert.equal((await run(['sync', 'app'])).exitCode, 0)
  const trips = fake
    .journal()
    .slice(before)
    .filter((entry) => entry.guest !== undefined)
  assert.equal(trips.length, 2, 'the account, and the containers: nothing more')
  await run(['rm', 'app/api', '--yes', '--force', '--config'])
  assert.ok(sshG(user, 'api.app.dvm').includes('hostname api.app.dvm'), 'ssh knows nothing of it any more')
  assert.deepEqual(readdirSync(join(home, '.local/state/dvm/ssh')).sort(), ['app.known_hosts', 'config'])
})

test('DVM_FORWARD_AGENT=1: ssh past Lima’s control socket, as the user itself, without sudo', async (t) => {
  const { fake, run, write, home } = dvmOnFake(t, {
    ssh: true,
    guest: [...guest, { match: ['bash'], exitCode: 7, stdout: 'mine\n' }],
  })
  write('.config/dvm/vms/app/config.sh', 'DVM_USER=me\nDVM_FORWARD_AGENT=1\n')
  fake.add({ name: 'dvm-app', status: 'Stopped' })
  assert.deepEqual(await run(['ssh', 'app', '--', 'ssh-add', '-l']), {
    exitCode: 7,
    stdout: 'mine\n',
    stderr: 'starting app\n',
  })
  const entry = fake.journal().at(-1)
  assert.equal(entry?.program, 'ssh')
  assert.ok(entry.argv.includes('ForwardAgent=yes'))
  assert.ok(entry.argv.includes(`UserKnownHostsFile="${home}/.local/state/dvm/ssh/app.known_hosts"`))
  assert.deepEqual(
    [entry.guest?.argv[0], entry.guest?.argv.slice(3)],
    ['bash', ['dvm', '/home/me/code/app', 'ssh-add', '-l']],
  )
  const other = await run(['ssh', 'app', '--', 'true'], { env: { SSH: 'ssh -v' } })
  assert.deepEqual(
    [other.exitCode, other.stderr.split('\n')[0]],
    [1, 'dvm: your ssh agent cannot be forwarded to dvm-app'],
  )
})
