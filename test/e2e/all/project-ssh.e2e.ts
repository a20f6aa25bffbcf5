// `ssh api.pool.dvm` with the real ssh into a real container, and what it needs of the image. At its end the VM of 40-projects, which it makes
// when there is none (and its base, 10-base-build), is removed.
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { ensureBase, writeVm } from '../../support/e2e-base.ts'
import { devContainerfile, inside, project, server, states, vm } from '../../support/e2e-pool.ts'
import { ssh, standInEditor, userFile, writeUserFile } from '../../support/e2e-ssh.ts'
import { answers, baseDir, dvm, follow, home, instance, stateDir } from '../../support/e2e.ts'

const hostPort = 18_091
const knownHosts = join(stateDir, 'ssh', 'api.pool.known_hosts')
const withSshd =
  'RUN apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends openssh-server && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*'
const fine = { exitCode: 0, stdout: '', stderr: '' }

before(async () => {
  await ensureBase()
  project('api', 'PROJ_WORKDIR=/src\n', server)
  project('web', '', 'true\n')
  const found = await instance(`dvm-${vm}`)
  if (found === undefined) {
    writeVm(vm)
    devContainerfile()
  }
  const { exitCode, stderr } = await dvm(['sync', found === undefined ? vm : `${vm}/web`])
  assert.equal(exitCode, 0, stderr)
  writeUserFile('Host *\n  User nobody-here\n')
})
const hangUp = (host: string) => ssh(['-O', 'exit', host])
after(async () => {
  for (const host of ['api.pool.dvm', 'pool.dvm']) await hangUp(host)
  await dvm(['ssh-config', '--remove'])
  rmSync(join(baseDir, 'dev'), { recursive: true, force: true })
})

test('a project whose image has no sshd says what to do', async () => {
  const installed = await dvm(['ssh-config', '--install'])
  assert.equal(installed.exitCode, 0, installed.stderr)
  const { exitCode, stderr } = await ssh(['web.pool.dvm', 'true'])
  assert.equal(exitCode, 255)
  const lines = stderr.split('\n')
  assert.ok(
    lines.includes(
      'dvm: pool/web has no sshd: add openssh-server to base/dev/Containerfile, or to the image that it is made from, then: dvm reset pool/web --yes --keep-data',
    ),
    stderr,
  )
})

test('with openssh-server in the dev-base ssh comes in, where dvm ssh does', async () => {
  devContainerfile(withSshd)
  const reset = await dvm(['reset', `${vm}/api`, '--yes'])
  assert.equal(reset.exitCode, 0, reset.stderr)
  assert.deepEqual(await ssh(['api.pool.dvm', 'id -u; pwd; cat; exit 7'], { input: 'one\0two' }), {
    exitCode: 7,
    stdout: '0\n/src\none\0two',
    stderr: '',
  })
  const environment = 'echo "$PATH|$HOME|$container"'
  assert.equal(
    (await ssh(['api.pool.dvm', environment])).stdout,
    await inside('api', 'sh', '-c', environment),
  )
  // Not over a shared connection: without a terminal here, ssh gives such a session one whose settings are all off.
  const terminal = await ssh(['-S', 'none', '-tt', 'api.pool.dvm', 'tty; pwd'])
  assert.match(terminal.stdout, /^\/dev\/pts\/\d+\r\n\/src\r\n$/)
  assert.equal(await inside('api', 'find', '/etc/ssh', '-name', 'ssh_host_*'), '')
  assert.equal(
    await inside('api', 'stat', '--format', '%U %a', '/etc/dvm-ssh/host_key', '/etc/dvm-ssh/authorized_keys'),
    'root 600\nroot 644\n',
  )
})

test('scp and sftp carry files', async () => {
  const [there, back] = [join(home, 'to-project'), join(home, 'from-project')]
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251))
  writeFileSync(there, bytes)
  assert.deepEqual(await ssh(['-q', there, 'api.pool.dvm:/src/file'], {}, 'scp'), fine)
  const batch = `get /src/file ${back}\n`
  assert.equal((await ssh(['-q', '-b', '-', 'api.pool.dvm'], { input: batch }, 'sftp')).exitCode, 0)
  assert.deepEqual(readFileSync(back), bytes)
})

test('open tells an editor where the workspace is, and the way there works', async () => {
  const { env, told, reached } = standInEditor(join(home, 'project-editor'))
  assert.deepEqual(await dvm(['open', `${vm}/api`, '--editor', 'code'], { env }), {
    ...fine,
    stderr: 'pool/api is open in code\n',
  })
  assert.equal(told(), '--remote\nssh-remote+api.pool.dvm\n/src\n')
  assert.equal(reached(), '/src\n')
})

test('a port of the project is forwarded', async () => {
  const forward = `${hostPort}:127.0.0.1:8000`
  const forwarding = follow('ssh', ['-F', userFile, '-S', 'none', '-N', '-L', forward, 'api.pool.dvm'])
  try {
    await answers(hostPort, 'hello from api\n')
  } finally {
    forwarding.kill('SIGTERM')
    await forwarding.result
  }
})

test('a stopped container starts, and is known; a sync that finds nothing new changes nothing', async () => {
  const known = readFileSync(knownHosts, 'utf8')
  assert.match(known, /^# [0-9a-f]{16} root\napi\.pool\.dvm ssh-ed25519 \S+\n$/)
  await hangUp('api.pool.dvm')
  assert.equal((await dvm(['stop', `${vm}/api`])).exitCode, 0)
  assert.equal((await states())['api'], 'exited')
  assert.equal((await ssh(['api.pool.dvm', 'pwd'])).stdout, '/src\n')
  assert.equal((await states())['api'], 'running')
  assert.equal((await dvm(['sync', `${vm}/api`])).exitCode, 0)
  assert.equal(readFileSync(knownHosts, 'utf8'), known)
})

test('a container that was made anew has another key, which is known; the old one is refused', async () => {
  const known = readFileSync(knownHosts, 'utf8')
  await hangUp('api.pool.dvm')
  const reset = await dvm(['reset', `${vm}/api`, '--yes', '--keep-data'])
  assert.equal(reset.exitCode, 0, reset.stderr)
  assert.equal((await ssh(['api.pool.dvm', 'ls'])).stdout, 'file\n')
  const anew = readFileSync(knownHosts, 'utf8')
  assert.notEqual(anew, known)
  writeFileSync(knownHosts, known)
  const refused = await ssh(['-S', 'none', 'api.pool.dvm', 'true'])
  assert.equal(refused.exitCode, 255)
  assert.match(refused.stderr, /Host key verification failed/)
  writeFileSync(knownHosts, anew)
})

test('rm VM/PROJECT removes the container, its workspace and its entry; the VM goes with all of them', async () => {
  const hosts = (): string[] =>
    [...readFileSync(join(stateDir, 'ssh', 'config'), 'utf8').matchAll(/^Host (\S+)$/gm)]
      .map(([, alias = '']) => alias)
      .filter((alias) => alias.endsWith('pool.dvm'))
  assert.deepEqual(hosts(), ['api.pool.dvm', 'pool.dvm', 'web.pool.dvm'])
  assert.deepEqual(await dvm(['rm', `${vm}/web`, '--yes', '--config']), {
    exitCode: 0,
    stdout: '',
    stderr: 'pool/web is removed\n',
  })
  assert.deepEqual(Object.keys(await states()), ['api'])
  assert.deepEqual(hosts(), ['api.pool.dvm', 'pool.dvm'])
  assert.equal((await dvm(['rm', vm, '--yes', '--config'])).exitCode, 0)
  assert.equal(await instance('dvm-pool'), undefined)
  assert.deepEqual(hosts(), [])
})
