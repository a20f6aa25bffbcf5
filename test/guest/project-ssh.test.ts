// templates/guest/project-ssh/ in real shells: podman is a stand-in that runs here what it would run in a container, the container's account
// files are the test's own. Where there is an sshd, the real ssh logs in to the account that runs this test.
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, rmdirSync, statSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { parsePreparedSsh } from '../../src/ports/containers/parse.ts'
import { temporaryDirectory, writePrivate, writeProgram } from '../support/temporary.ts'

const text = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, `../../templates/guest/project-ssh/${name}.sh`), 'utf8')
const id = 'c0'.repeat(32)
const limaKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILimaLimaLima'
const me = userInfo().username
/** The server that it talks to is in this process. */
const inBackground = promisify(execFile)

/** Drops podman's own words: what is left is the command. */
const podman = (root: string): string => `#!/bin/bash
printf '%s\\0' "$@" >>'${root}/asked'
case $1 in
container) echo "${id} $IMAGE_USER" ;;
exec) while [[ $1 != sh ]]; do shift; done; exec "$@" ;;
esac
`
/** Names, numbers and locks as base images have them. */
const shadow = 'root:!locked::0:::::\nnode:!:20000::::::\nada:$6$hash:1::::::\nnodejs:!:1::::::\n'
const passwd =
  'root:x:0:0::/root:/bin/sh\nnodejs:x:1001:1001::/:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\nada:x:1002:1002::/:/bin/sh'

const container = (t: TestContext) => {
  const root = temporaryDirectory(t)
  const path = (name: string): string => join(root, name)
  writeProgram(path('bin/podman'), podman(root))
  writePrivate(path('etc/passwd'), `${passwd}\n${me}:x:77:77::/:/bin/sh\n`)
  writePrivate(path('etc/shadow'), shadow)
  writePrivate(path('status'), 'Name:\tsh\nCapEff:\t000001ffffffffff\n')
  mkdirSync(path('tmp'))
  const workdir = path(`it's "the" $(work)`)
  mkdirSync(workdir)
  // The temporary directory is below one that everybody may write to, which sshd does not like; and root's sshd looks for its own place.
  const here = (script: string): string =>
    script
      .replaceAll(/\/etc\/(passwd|shadow)/g, path('etc/$1'))
      .replace('/proc/self/status', path('status'))
      .replaceAll('/run/sshd', path('run'))
      .replace('StrictModes=yes', 'StrictModes=no')
  const prepare = (
    user: string,
    {
      keys = [limaKey],
      directory = workdir,
      env = {},
    }: { keys?: readonly string[]; directory?: string; env?: object } = {},
  ) => {
    const texts = [here(text('install')), path('dvm-ssh'), directory, here(text('serve')), text('session')]
    const { status, stdout, stderr } = spawnSync('bash', ['-s', '--', 'dvm-pool-api', ...texts, ...keys], {
      input: text('prepare'),
      encoding: 'utf8',
      timeout: 20_000,
      env: {
        PATH: `${root}/bin:${process.env['PATH'] ?? ''}`,
        HOME: '/nowhere',
        IMAGE_USER: user,
        XDG_RUNTIME_DIR: path('tmp'),
        TERM: 'of-the-exec',
        ...env,
      },
    })
    return { status, stderr, prepared: parsePreparedSsh(stdout) }
  }
  const read = (name: string): string => readFileSync(path(name), 'utf8')
  const mode = (name: string): string => (statSync(path(name)).mode & 0o777).toString(8)
  return { path, workdir, prepare, read, mode }
}

test('a container gets its host key and who may come in; the private half is nowhere else', (t) => {
  const { path, prepare, read, mode } = container(t)
  const { status, stderr, prepared } = prepare('', { keys: [limaKey, 'ssh-rsa AAAA'] })
  assert.deepEqual([status, stderr], [0, ''])
  assert.deepEqual([prepared?.container, prepared?.account], [id, 'root'])
  assert.equal(read('dvm-ssh/host_key.pub'), `${prepared?.hostKey}\n`)
  assert.equal(read('dvm-ssh/authorized_keys'), `${limaKey}\nssh-rsa AAAA\n`)
  const modes = ['host_key', 'authorized_keys', 'environment', 'serve', 'session'].map((name) =>
    mode(`dvm-ssh/${name}`),
  )
  assert.deepEqual(modes, ['600', '644', '644', '755', '755'])
  const derived = execFileSync('ssh-keygen', ['-y', '-f', path('dvm-ssh/host_key')], { encoding: 'utf8' })
  assert.equal(derived.trim(), prepared?.hostKey)
  const secret = read('dvm-ssh/host_key').split('\n')[2] ?? ''
  assert.ok(secret.length > 40)
  assert.ok(!read('asked').includes(secret), 'it is no argument')
  assert.deepEqual(readdirSync(path('tmp')), [], 'nothing of it stays in the VM')
  assert.deepEqual(
    readdirSync(path('dvm-ssh')).filter((name) => name.endsWith('.new')),
    [],
  )
})

test('done again it keeps the host key and renews the rest', (t) => {
  const { path, prepare, read } = container(t)
  const first = prepare('node')
  const second = prepare('', { keys: ['ssh-ed25519 BBBB'], directory: path('tmp') })
  assert.deepEqual(second.prepared, { ...first.prepared, account: 'root' })
  assert.equal(read('dvm-ssh/authorized_keys'), 'ssh-ed25519 BBBB\n')
  assert.match(read('dvm-ssh/environment'), new RegExp(`^export DVM_WORKDIR='${path('tmp')}'$`, 'm'))
  rmSync(path('dvm-ssh'), { recursive: true })
  assert.notEqual(prepare('').prepared?.hostKey, first.prepared?.hostKey)
})

const accounts: readonly (readonly [user: string, account: string | undefined])[] = [
  ['', 'root'],
  ['0', 'root'],
  ['node', 'node'],
  ['1000', 'node'],
  ['1000:1000', 'node'],
  ['node:staff', 'node'],
  ['nod', undefined],
  ['4711', undefined],
  ['x', undefined],
]
for (const [user, account] of accounts)
  test(`an image whose user is "${user}": ${account ?? 'refused'}`, (t) => {
    const { prepare, read } = container(t)
    const { status, stderr, prepared } = prepare(user)
    assert.equal(prepared?.account, account)
    if (account === undefined) {
      assert.deepEqual([status, stderr], [1, `the container has no account ${user}\n`])
      assert.equal(read('etc/shadow'), shadow)
    } else {
      assert.equal(read('etc/shadow'), shadow.replace(new RegExp(`^${account}:![^:]*`, 'm'), `${account}:*`))
    }
  })

test('a password that opens an account stays', (t) => {
  const { prepare, read } = container(t)
  assert.equal(prepare('ada').status, 0)
  assert.equal(read('etc/shadow'), shadow)
})

const odd = `it's "x" $(id) \`id\` \\ *\nsecond line ü`

test('a session has the image’s environment, its own terminal and home, and begins in the workspace', (t) => {
  const { path, workdir, prepare } = container(t)
  prepare('', { env: { ODD: odd, EMPTY: '', PATH: `${path('bin')}:/opt/tool/bin:/usr/bin:/bin` } })
  const session = (command: string | undefined, input = '') => {
    const env = {
      HOME: path('tmp'),
      SHELL: '/bin/sh',
      TERM: 'of-the-session',
      PATH: '/usr/bin:/bin',
      USER: 'u',
    }
    const { status, stdout, stderr } = spawnSync(path('dvm-ssh/session'), [], {
      cwd: path('tmp'),
      env: command === undefined ? env : { ...env, SSH_ORIGINAL_COMMAND: command },
      input,
      encoding: 'utf8',
      timeout: 20_000,
    })
    return { status, stdout, stderr }
  }
  const words =
    '"$PWD" "$ODD" "${EMPTY-unset}" "$TERM" "$HOME" "$USER" "${DVM_WORKDIR-}${SSH_ORIGINAL_COMMAND-}"'
  assert.deepEqual(session(`printf '%s|' ${words}; cat; exit 7`, 'fed'), {
    status: 7,
    stdout: `${[workdir, odd, '', 'of-the-session', path('tmp'), 'u', ''].join('|')}|fed`,
    stderr: '',
  })
  assert.match(session('echo "$PATH"').stdout, /:\/opt\/tool\/bin:/)
  assert.equal(session(undefined, 'pwd\n').stdout, `${workdir}\n`)
  assert.equal(session('').stdout, '')
  rmSync(workdir, { recursive: true })
  assert.equal(session('pwd').stdout, `${path('tmp')}\n`, 'without the workspace: the home')
})

test('what is missing is one line that says what to do', (t) => {
  const { path, prepare, read } = container(t)
  prepare('')
  const serve = (script: string) => {
    const { status, stderr } = spawnSync(writeProgram(path('dvm-ssh/serve'), script), ['pool/api'], {
      encoding: 'utf8',
    })
    return [status, stderr]
  }
  const script = read('dvm-ssh/serve')
  assert.deepEqual(serve(script.replaceAll(/\/usr\/\S*\/sshd/g, '/nowhere/sshd')), [
    127,
    'dvm: pool/api has no sshd: add openssh-server to base/dev/Containerfile, or to the image that it is made from, then: dvm reset pool/api --yes --keep-data\n',
  ])
  writePrivate(path('status'), 'Name:\tsh\nCapEff:\t00000000800005fb\n')
  assert.deepEqual(serve(script.replaceAll(/\/usr\/\S*\/sshd/g, '/bin/true')), [
    126,
    'dvm: pool/api was made before dvm gave projects what sshd needs: dvm reset pool/api --yes --keep-data\n',
  ])
})

const isRoot = userInfo().uid === 0
const unfit = existsSync('/usr/sbin/sshd') ? false : 'there is no sshd here'

test(
  'the real ssh: commands, copies, forwarding; no other key, no other account',
  { skip: unfit },
  async (t) => {
    // sshd as root wants it; where sshd runs as a service it is there.
    if (isRoot && !existsSync('/run/sshd')) {
      mkdirSync('/run/sshd', { mode: 0o755 })
      t.after(() => rmdirSync('/run/sshd'))
    }
    const { path, workdir, prepare } = container(t)
    const keygen = (name: string): string => {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path(name)])
      return readFileSync(path(`${name}.pub`), 'utf8')
        .split(' ')
        .slice(0, 2)
        .join(' ')
    }
    const key = keygen('mine')
    keygen('other')
    const { prepared } = prepare(me, { keys: [key], env: { ODD: odd } })
    writePrivate(path('known'), `api.pool.dvm ${prepared?.hostKey}\n`)
    const config = (identity: string): string =>
      writePrivate(
        path(`config-${identity}`),
        `Host api.pool.dvm\n  User ${me}\n  IdentityFile ${path(identity)}\n  IdentitiesOnly yes\n  StrictHostKeyChecking yes\n  UserKnownHostsFile ${path('known')}\n  HostKeyAlias api.pool.dvm\n  ProxyCommand ${path('dvm-ssh/serve')} pool/api\n`,
      )
    const run = (program: string, args: readonly string[], input = '') => {
      const { status, stdout, stderr } = spawnSync(program, args, {
        input,
        encoding: 'utf8',
        timeout: 20_000,
      })
      return { status, stdout, stderr }
    }
    const file = config('mine')
    assert.deepEqual(run('ssh', ['-F', file, 'api.pool.dvm', 'pwd; printf %s "$ODD"; cat; exit 7'], 'fed'), {
      status: 7,
      stdout: `${workdir}\n${odd}fed`,
      stderr: '',
    })
    writePrivate(path('data'), odd)
    assert.deepEqual(run('scp', ['-q', '-F', file, path('data'), `api.pool.dvm:${path('copy')}`]), {
      status: 0,
      stdout: '',
      stderr: '',
    })
    assert.equal(readFileSync(path('copy'), 'utf8'), odd)
    assert.match(
      run('sftp', ['-q', '-F', file, '-b', '-', 'api.pool.dvm'], 'pwd\n').stdout,
      new RegExp(`: ${userInfo().homedir}\n$`),
    )
    const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const forward = ['-F', file, '-W', `127.0.0.1:${port}`, 'api.pool.dvm']
    assert.equal((await inBackground('ssh', forward, { timeout: 20_000 })).stdout, 'hello')
    const refused = [
      run('ssh', ['-F', config('other'), 'api.pool.dvm', 'true']),
      run('ssh', ['-F', file, 'daemon@api.pool.dvm', 'true']),
    ]
    for (const { status, stderr } of refused) {
      assert.equal(status, 255)
      assert.match(stderr, /Permission denied \(publickey\)/)
    }
  },
)
