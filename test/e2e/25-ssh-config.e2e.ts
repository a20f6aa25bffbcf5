// `ssh app.dvm` with the real ssh into a real VM: as the developer's user, with Lima's key, to a host that is known. Makes its base
// (10-base-build) and its VM (20-vm) when there are none.
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { ensureBase, ensureVm, user, writeVm } from '../support/e2e-base.ts'
import { ssh, userFile, writeUserFile } from '../support/e2e-ssh.ts'
import { asRoot, configDir, dvm, follow, home, stateDir, until } from '../support/e2e.ts'

const mine = '# mine\nHost *\n  User nobody-here\n  StrictHostKeyChecking no'
const knownHosts = join(stateDir, 'ssh', 'app.known_hosts')

const port = async (): Promise<string | undefined> =>
  /^port (\d+)$/m.exec((await ssh(['-G', 'app.dvm'])).stdout)?.[1]

before(async () => {
  await ensureBase()
  await ensureVm('app')
  assert.equal((await dvm(['sync', 'app'])).exitCode, 0)
  writeUserFile(mine)
})
after(async () => {
  writeVm('app')
  await ssh(['-O', 'exit', 'app.dvm'])
  await dvm(['ssh-config', '--remove'])
})

test('after --install ssh logs in as the developer’s user', async () => {
  const installed = await dvm(['ssh-config', '--install'])
  assert.deepEqual([installed.exitCode, installed.stdout], [0, '~/.local/state/dvm/ssh/config\n'])
  assert.deepEqual(await ssh(['app.dvm', 'id -un; pwd; cat']), {
    exitCode: 0,
    stdout: `${user}\n/home/${user}\n`,
    stderr: '',
  })
  const second = await ssh(['-O', 'check', 'app.dvm'])
  assert.match(second.stderr, /^Master running/)
})

test('Lima’s key is let in by one marked line, privately, and a sync leaves that alone', async () => {
  const look = `cd /home/${user}/.ssh && stat --format '%U:%G %a %n %Y' . authorized_keys && cat authorized_keys`
  const first = await asRoot('dvm-app', look)
  assert.match(
    first,
    new RegExp(
      `^${user}:${user} 700 \\. \\d+\n${user}:${user} 600 authorized_keys \\d+\nssh-\\S+ \\S+ dvm: Lima's key, kept by dvm sync\n$`,
    ),
  )
  assert.equal((await dvm(['sync', 'app'])).exitCode, 0)
  assert.equal(await asRoot('dvm-app', look), first)
})

test('after a restart the entry has the new port, and the host is still known', async () => {
  const before = await port()
  const known = readFileSync(knownHosts, 'utf8')
  assert.match(known, /^(dvm-app \S+ \S+\n)+$/)
  assert.equal((await dvm(['stop', 'app'])).exitCode, 0)
  assert.equal((await dvm(['sync', 'app'])).exitCode, 0)
  assert.equal((await ssh(['app.dvm', 'true'])).exitCode, 0, `port ${before} became ${await port()}`)
  assert.equal(readFileSync(knownHosts, 'utf8'), known)
})

test('a host with another key is refused', async () => {
  const known = readFileSync(knownHosts, 'utf8')
  writeFileSync(
    knownHosts,
    known.replaceAll(
      /(AAAA\S{40})(.)/g,
      (_, start: string, one: string) => start + (one === 'A' ? 'B' : 'A'),
    ),
  )
  const refused = await ssh(['-o', 'ControlPath=none', 'app.dvm', 'true'])
  assert.equal(refused.exitCode, 255)
  assert.match(refused.stderr, /Host key verification failed/)
  writeFileSync(knownHosts, known)
})

test('the agent goes where DVM_FORWARD_AGENT=1 says so, and nowhere else', async () => {
  const socket = join(home, 'agent')
  rmSync(socket, { force: true })
  const agent = follow('ssh-agent', ['-D', '-a', socket])
  const env = { SSH_AUTH_SOCK: socket }
  try {
    // An agent without keys answers 1, none at all is 2.
    const asked = async (): Promise<readonly unknown[]> => [
      (await dvm(['ssh', 'app', '--', 'ssh-add', '-l'], { env })).exitCode,
      (await ssh(['app.dvm', 'ssh-add -l'], { env })).exitCode,
    ]
    await until('the agent listens', async () => {
      const { exitCode } = await follow('ssh-add', ['-l'], { env }).result
      return exitCode === 1
    })
    assert.deepEqual(await asked(), [2, 2])
    const config = join(configDir, 'vms/app/config.sh')
    writeFileSync(config, `${readFileSync(config, 'utf8')}DVM_FORWARD_AGENT=1\n`)
    assert.equal((await dvm(['sync', 'app'])).exitCode, 0)
    assert.deepEqual(await asked(), [1, 1])
    const inside = await dvm(['ssh', 'app', '--', 'sh', '-c', 'id -un; pwd; exit 255'], { env })
    assert.deepEqual([inside.exitCode, inside.stdout], [255, `${user}\n/home/${user}/code/app\n`])
    await ssh(['-O', 'exit', 'app.dvm'])
  } finally {
    agent.kill('SIGTERM')
    await agent.result
  }
})

test('--remove leaves the user’s file as it was', async () => {
  assert.equal((await dvm(['ssh-config', '--remove'])).exitCode, 0)
  assert.equal(readFileSync(userFile, 'utf8'), mine)
  assert.notEqual((await ssh(['app.dvm', 'true'])).exitCode, 0)
})
