// Projects: rootless containers in a VM, from a dev-base that is built once. Makes its base (10-base-build)
// and its VM when there are none, and removes the VM at its end.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { ensureBase, packages, writeVm } from '../support/e2e-base.ts'
import { devContainerfile, inside, project, rows, server, states, vm } from '../support/e2e-pool.ts'
import {
  answers,
  baseDir,
  builder,
  dvm,
  home,
  instance,
  onTerminal,
  runDvm,
  startDvm,
  until,
} from '../support/e2e.ts'

const hostPort = 18_090
const api = `PROJ_PORTS=(${hostPort}:8000)\nNESTED=1\n`
/** Only where no registry can be reached. */
const bootstrapped = 'the registry cannot be reached: making trixie from signed packages instead'
const setup = `${server}echo "$DVM_VM $DVM_PROJECT $PROJ_WORKDIR $PROJ_PORTS" > setup-values
echo run >> setup-runs
`

before(async () => {
  await ensureBase()
  writeVm(vm)
  devContainerfile()
  assert.equal((await dvm(['add', `${vm}/api`])).exitCode, 0)
  project('api', api, setup)
  project('web', '', 'true\n')
})
after(() => rmSync(join(baseDir, 'dev'), { recursive: true, force: true }))

test('sync makes the VM, its dev-base and its projects', async () => {
  const { exitCode, stdout, stderr } = await dvm(['sync', vm])
  assert.deepEqual([exitCode, stdout], [0, ''], stderr)
  const told = stderr.split('\n').filter((line) => !line.startsWith('    ') && !line.endsWith(bootstrapped))
  assert.deepEqual(told, [
    '✔ Create pool (…)',
    '✔ Prepare pool and run its setup.sh (…)',
    '  there is no dev-base in it yet',
    '✔ Prepare the containers of pool (…)',
    '✔ Project api (…)',
    '✔ Project web (…)',
    '',
  ])
  // As made: what has changed would be said beside the state.
  assert.deepEqual(await dvm(['ls', vm]), {
    exitCode: 0,
    stdout:
      'PROJECT  STATE    IMAGE\n' +
      'api      running  localhost/dvm-dev-base:latest\n' +
      'web      running  localhost/dvm-dev-base:latest\n',
    stderr: '',
  })
})

test('a second sync finds the dev-base and the containers, and runs the setup scripts again', async () => {
  const { exitCode, stderr } = await dvm(['sync', vm])
  assert.deepEqual(
    [exitCode, stderr],
    [
      0,
      '✔ Prepare pool and run its setup.sh (…)\n✔ Prepare the containers of pool (…)\n✔ Project api (…)\n✔ Project web (…)\n',
    ],
  )
  assert.equal(await inside('api', 'cat', 'setup-values'), `pool api /work ${hostPort}:8000\n`)
  assert.equal(await inside('api', 'cat', 'setup-runs'), 'run\nrun\n')
})

test('the dev-base’s build has the list of packages; completion knows the projects', async () => {
  assert.equal(await inside('api', 'cat', '/usr/share/dvm/dvm-packages.txt'), packages)
  assert.deepEqual(await dvm(['__complete', '--', 'sync', `${vm}/`]), {
    exitCode: 0,
    stdout: 'pool/api\npool/web\n',
    stderr: '',
  })
})

test('ssh VM/PROJECT: exact arguments, exit code, stdin; the project sees neither the VM nor its neighbour', async () => {
  const odd = ['a  b', '$(id)', `it's "x"`, 'ünï\n', '*', '']
  assert.equal(await inside('api', 'printf', '%s|', ...odd), odd.map((word) => `${word}|`).join(''))
  assert.equal((await dvm(['ssh', `${vm}/api`, '--', 'sh', '-c', 'exit 7'])).exitCode, 7)
  const fed = await runDvm(['ssh', `${vm}/api`, '--', 'sha256sum'], { input: 'one\ntwo' })
  assert.match(fed.stdout, /^[0-9a-f]{64} {2}-\n$/)
  // Two bytes that podman would take for its detach keys.
  const keys = Buffer.from('a\x10\x11b')
  const piped = await runDvm(['ssh', `${vm}/api`, '--', 'cat'], { input: keys })
  assert.deepEqual([piped.exitCode, piped.bytes], [0, keys])
  await inside('api', 'sh', '-c', 'echo mine > secret')
  assert.equal(await inside('web', 'ls', '-A', '/work'), '')
  assert.equal(await inside('web', 'sh', '-c', 'ls /home; find / -xdev -name secret 2>/dev/null'), '')
})

test('NESTED=1 gives a project what containers inside it need, and its neighbour has no part in it', async () => {
  assert.equal(await inside('api', 'sh', '-c', 'test -c /dev/fuse && : <>/dev/fuse && echo opens'), 'opens\n')
  assert.equal((await dvm(['ssh', `${vm}/web`, '--', 'test', '-e', '/dev/fuse'])).exitCode, 1)
})

test('a port of a project answers on this machine’s loopback', async () => {
  await answers(hostPort, 'hello from api\n')
})

test('sh, cp and logs of a project: in its container, in its workspace', async (t) => {
  const shell = onTerminal(['sh', `${vm}/api`])
  await shell.printed(/[#$] /)
  shell.type('echo "$((6 * 7)) $PWD $(tty)"; exit 5\n')
  const { exitCode, stdout } = await shell.result
  assert.match(stdout, /^42 \/work \/dev\/pts\/\d+\r$/m)
  assert.equal(exitCode, 5, stdout)

  const [there, back] = [join(home, 'there'), join(home, 'back')]
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251))
  writeFileSync(there, bytes)
  const quiet = { exitCode: 0, stdout: '', stderr: '' }
  const nowhere = await dvm(['cp', there, `${vm}/api:in/`])
  assert.equal(nowhere.exitCode, 5)
  assert.match(nowhere.stderr, /^ {2}try: dvm ssh pool\/api -- mkdir -p in\/, then again: /m)
  await inside('api', 'mkdir', 'in')
  assert.deepEqual(await dvm(['cp', there, `${vm}/api:in/`]), quiet)
  assert.deepEqual(await dvm(['cp', `${vm}/api:in/there`, back]), quiet)
  assert.deepEqual(readFileSync(back), bytes)

  const trees = join(home, 'pool-trees')
  t.after(() => rmSync(trees, { recursive: true, force: true }))
  const file = join('tree', 'a directory', 'file')
  mkdirSync(join(trees, file, '..'), { recursive: true })
  writeFileSync(join(trees, file), 'in a tree\n')
  assert.deepEqual(await dvm(['cp', '-r', join(trees, 'tree'), `${vm}/api:`]), quiet)
  assert.equal(await inside('api', 'cat', file), 'in a tree\n')
  assert.deepEqual(await dvm(['cp', '-r', `${vm}/api:tree`, join(trees, 'back')]), quiet)
  assert.equal(readFileSync(join(trees, 'back', 'a directory', 'file'), 'utf8'), 'in a tree\n')

  await inside('api', 'sh', '-c', 'echo out of the container > /proc/1/fd/1')
  const logs = await dvm(['logs', `${vm}/api`])
  assert.equal(logs.exitCode, 0, logs.stderr)
  assert.match(logs.stdout, /^out of the container$/m)
  const following = startDvm(['logs', `${vm}/api`, '-f'])
  // A test that failed has left it running, and this process would wait for it.
  t.after(() => following.end('SIGKILL'))
  await following.printed(/^out of the container$/m)
  await inside('api', 'sh', '-c', 'echo and then more > /proc/1/fd/1')
  await following.printed(/^and then more$/m)
  assert.equal((await dvm(['ssh', vm, '--', 'pgrep', '--full', '^podman logs --follow'])).exitCode, 0)
  assert.equal((await following.end('SIGINT')).exitCode, 130)
  await until('podman no longer follows in the VM', async () => {
    const { exitCode } = await dvm(['ssh', vm, '--', 'pgrep', '--full', '^podman logs --follow'])
    return exitCode === 1
  })
})

test('containers return when the VM does; a stopped one starts when it is entered', async () => {
  const stopped = await dvm(['stop', '--all', '--only-config'])
  assert.equal(stopped.exitCode, 0, stopped.stderr)
  assert.match(stopped.stderr, /^pool is stopped$/m)
  assert.equal((await dvm(['ssh', vm, '--', 'true'])).exitCode, 0)
  await until('the containers run again', async () => {
    const { api, web } = await states()
    return api === 'running' && web === 'running'
  })
  assert.equal((await dvm(['stop', `${vm}/web`])).stderr, 'pool/web is stopped\n')
  assert.deepEqual(await states(), { api: 'running', web: 'exited' })
  assert.equal(await inside('web', 'pwd'), '/work\n')
  assert.deepEqual(await states(), { api: 'running', web: 'running' })
})

test('a project that fails leaves the others alone', async () => {
  project('api', api, 'exit 3\n')
  project('web', '', 'echo yes > came-up\n')
  const { exitCode, stderr } = await dvm(['sync', vm])
  assert.equal(exitCode, 1)
  assert.match(stderr, /^✖ Project api \(…\)\n✔ Project web \(…\)\ndvm: .*setup\.sh ended with exit code 3$/m)
  assert.equal(await inside('web', 'cat', 'came-up'), 'yes\n')
})

test('a setup.sh in a container does not outlive Ctrl-C, nor the sync that follows a kill -9', async () => {
  project('web', '', 'sleep 86398\n')
  const sleeps = async (): Promise<boolean> =>
    (await dvm(['ssh', vm, '--', 'pgrep', '--full', '^sleep 86398$'])).exitCode === 0
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const running = startDvm(['sync', `${vm}/web`], { ownGroup: true })
    await until('setup.sh runs', sleeps)
    running.kill(signal)
    await running.result
    assert.equal(await sleeps(), signal === 'SIGKILL')
  }
  project('web', '', 'true\n')
  const { exitCode, stderr } = await dvm(['sync', `${vm}/web`])
  assert.equal(exitCode, 0, stderr)
  assert.match(stderr, /^ {2}the last sync of pool was cut off: stopping what it left running in it$/m)
  assert.equal(await sleeps(), false)
})

test('what project.sh says later is told, and applied by reset --keep-data, which keeps the workspace', async () => {
  project('api', 'PROJ_WORKDIR=/src\n', 'true\n')
  const { stderr } = await dvm(['sync', `${vm}/api`])
  const drift = `workdir /work (project.sh: /src), ports ${hostPort}:8000 (project.sh: none), nested 1 (project.sh: 0)`
  const told = `  pool/api keeps what its container was made with: ${drift}; to change it: dvm reset pool/api --yes --keep-data`
  assert.ok(stderr.split('\n').includes(told), stderr)
  // Until then everything is where the container has it.
  assert.equal(await inside('api', 'pwd'), '/work\n')
  const copied = await runDvm(['cp', `${vm}/api:secret`, join(home, 'secret')])
  assert.equal(copied.exitCode, 0, copied.stderr)
  rmSync(join(home, 'secret'))
  const refused = await dvm(['reset', `${vm}/api`, '--keep-data'])
  assert.equal(refused.exitCode, 9)
  assert.equal((await dvm(['reset', `${vm}/api`, '--yes', '--keep-data'])).exitCode, 0)
  assert.equal(await inside('api', 'cat', '/src/secret'), 'mine\n')
  assert.equal((await dvm(['reset', `${vm}/api`, '--yes'])).exitCode, 0)
  assert.equal(await inside('api', 'ls', '-A', '/src'), '')
})

test('a reset whose image cannot be had costs nothing, and one that cannot live is told as that', async () => {
  const failed = async (argv: readonly string[], words: string): Promise<void> => {
    const { exitCode, stderr } = await dvm(argv)
    assert.notEqual(exitCode, 0, stderr)
    assert.ok(stderr.includes(words), stderr)
  }
  for (const [text, words] of [
    ['IMAGE=Node\n', 'dvm: IMAGE is not the name of an image\n'],
    ['IMAGE=127.0.0.1:9/nobody/here:1\n', `, then: dvm reset ${vm}/api --yes\n`],
  ] as const) {
    project('api', text, 'true\n')
    await failed(['reset', `${vm}/api`, '--yes'], words)
    assert.equal((await states())['api'], 'running')
  }
  project('api', 'PROJ_WORKDIR=/src\n', 'true\n')
  // An archive with one directory in it is an image without anything to run.
  const bare = 'tar -c --directory /etc alternatives | podman import --quiet - localhost/bare:1'
  assert.equal((await dvm(['ssh', vm, '--', 'bash', '-c', bare])).exitCode, 0)
  project('odd', 'IMAGE=localhost/bare:1\n', 'true\n')
  await failed(['sync', `${vm}/odd`], ': its container does not stay up\n')
  assert.match((await dvm(['logs', `${vm}/odd`])).stderr, /failed to exec pid1: No such file or directory/)
  assert.equal((await dvm(['rm', `${vm}/odd`, '--yes', '--config'])).exitCode, 0)
})

test('a dev-base that cannot be built leaves the projects as they are; a changed one is built and told', async () => {
  devContainerfile('RUN exit 9')
  const failed = await dvm(['sync', vm])
  assert.equal(failed.exitCode, 1)
  assert.match(failed.stderr, /exit status 9$/m)
  assert.deepEqual(await states(), { api: 'running', web: 'running' })
  devContainerfile('RUN echo two > /etc/dvm-e2e-dev && useradd --create-home dev', 'USER dev')
  const built = await dvm(['sync', vm])
  assert.equal(built.exitCode, 0, built.stderr)
  assert.match(built.stderr, /^ {2}the dev-base has changed$/m)
  const behind = 'an older build of localhost/dvm-dev-base:latest'
  assert.ok(
    built.stderr.includes(`  pool/web keeps what its container was made with: ${behind}; `),
    built.stderr,
  )
  assert.deepEqual((await rows()).find(({ name }) => name === 'web')?.drift, [behind])
  // What both containers still run from has a name of dvm's own.
  const { stdout: images } = await dvm([
    'ssh',
    vm,
    '--',
    'podman',
    'images',
    '--format',
    '{{.Repository}}:{{.Tag}}',
  ])
  const devBases = images.split('\n').filter((name) => name.startsWith('localhost/dvm-dev-base:'))
  assert.match(
    devBases.sort().join(' '),
    /^localhost\/dvm-dev-base:latest localhost\/dvm-dev-base:old-[0-9a-f]{12}$/,
  )
  project('web', '', 'id -un > who\n')
  assert.equal((await dvm(['reset', `${vm}/web`, '--yes'])).exitCode, 0)
  assert.equal(await inside('web', 'cat', '/etc/dvm-e2e-dev'), 'two\n')
  // One user for every way in, and for the workspace.
  writeFileSync(join(home, 'copied'), 'x')
  assert.equal((await dvm(['cp', join(home, 'copied'), `${vm}/web:`])).exitCode, 0)
  rmSync(join(home, 'copied'))
  assert.equal(await inside('web', 'stat', '--format', '%U', '.', 'who', 'copied'), 'dev\ndev\ndev\n')
  assert.equal(await inside('web', 'cat', 'who'), 'dev\n')
  assert.deepEqual((await rows()).find(({ name }) => name === 'web')?.drift, [])
})

test('a repository that nobody can vouch for is not lost: in a stopped container, or in a workspace that was kept', async () => {
  await inside('web', 'mkdir', '-p', 'repo/.git')
  assert.equal((await dvm(['stop', `${vm}/web`])).exitCode, 0)
  const refused = await dvm(['rm', `${vm}/web`, '--yes'])
  assert.equal(refused.exitCode, 9)
  assert.match(refused.stderr, /^dvm: pool\/web holds work that exists nowhere else$/m)
  assert.match(refused.stderr, /pool\/web \S+repo: /)
  assert.deepEqual(await states(), { api: 'running', web: 'exited' })
  assert.equal((await dvm(['rm', `${vm}/web`, '--yes', '--keep-data'])).exitCode, 0)
  const kept = await dvm(['rm', vm, '--yes'])
  assert.equal(kept.exitCode, 9)
  assert.match(
    kept.stderr,
    /pool\/web: its workspace, kept without a container \(volume dvm-pool-web\): a repository/,
  )
  assert.equal((await dvm(['rm', `${vm}/web`, '--yes', '--force'])).exitCode, 0)
  assert.equal((await dvm(['sync', `${vm}/web`])).exitCode, 0)
  assert.equal(await inside('web', 'ls', '-A', '/work'), 'who\n')
})

test('rm VM/PROJECT removes the container and its workspace; the VM goes with all of them', async () => {
  const removed = await dvm(['rm', `${vm}/web`, '--yes', '--config'])
  assert.deepEqual([removed.exitCode, removed.stderr], [0, 'pool/web is removed\n'])
  assert.deepEqual(Object.keys(await states()), ['api'])
  const stopped = await dvm(['stop', '--all'])
  assert.equal(stopped.exitCode, 0)
  assert.match(stopped.stderr, /^pool is stopped$/m)
  assert.equal((await instance(builder))?.status, 'Running', '--all is about VMs')
  assert.equal((await dvm(['rm', vm, '--yes', '--config'])).exitCode, 0)
  assert.equal(await instance('dvm-pool'), undefined)
})
