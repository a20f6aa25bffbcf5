// templates/guest/ssh-access.sh, after host-keys.sh as `dvm ssh-config` sends them, in a real bash, on a /etc and /run of the test's own. Changing the user is a stand-in that only notes it:
// what the script does then, it does as the one who runs this test.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { parseHostKey } from '../../src/core/host-keys.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

const text = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, `../../templates/guest/${name}.sh`), 'utf8')
const both = text('host-keys') + text('ssh-access')
const limaKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILimaLimaLimaLimaLimaLimaLimaLimaLimaLimaLi'
const ownKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnO me@laptop'
const mark = "dvm: Lima's key, kept by dvm sync"
const managed = `${limaKey} ${mark}\n`

const guest = (t: TestContext) => {
  const root = temporaryDirectory(t)
  const path = (name: string): string => join(root, name)
  const home = path('home/me')
  mkdirSync(home, { recursive: true })
  mkdirSync(path('run'))
  mkdirSync(path('bin'))
  writePrivate(
    path('etc/passwd'),
    `root:x:0:0::/root:/bin/sh\nlima:x:1000:1000::${path('home/lima')}:/bin/bash\nme:x:1001:1002::${home}:/bin/bash\n`,
  )
  writePrivate(path('home/lima/.ssh/authorized_keys'), `${limaKey} lima\n`)
  writePrivate(path('etc/ssh/ssh_host_ed25519_key.pub'), `${ownKey}\n`)
  const tool = (name: string, text: string): void => {
    writeFileSync(path(`bin/${name}`), `#!/bin/bash\n${text}\n`)
    chmodSync(path(`bin/${name}`), 0o755)
  }
  tool('setpriv', `echo "$*" >> '${path('setpriv')}'\nshift 5\nexec "$@"`)
  tool('restorecon', ':')
  const here = (script: string): string => script.replaceAll(/(?<=[ =<])\/(etc|run)\//g, `${root}/$1/`)
  return {
    path,
    keys: join(home, '.ssh/authorized_keys'),
    /** How often something was done as the user, with which ids. */
    asUser: (): string[] =>
      existsSync(path('setpriv')) ? readFileSync(path('setpriv'), 'utf8').trim().split('\n') : [],
    run: (
      variables: Readonly<Record<string, string>> = { DVM_USER: 'me', SUDO_USER: 'lima' },
      script = both,
    ) => {
      const { status, stdout, stderr } = spawnSync('bash', ['-s'], {
        input: here(script),
        encoding: 'utf8',
        cwd: '/',
        env: { PATH: `${root}/bin:${process.env['PATH'] ?? ''}`, HOME: '/nonexistent', ...variables },
        timeout: 20_000,
      })
      return { status, stdout, stderr }
    },
  }
}
const fine = {
  status: 0,
  stdout: `::dvm host key:: ${ownKey.split(' ').slice(0, 2).join(' ')}\n`,
  stderr: '',
}
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)

test('the test looks at nothing of this machine', () => {
  const script = both.replaceAll(/^\s*#.*$/gm, '')
  const places = [...script.matchAll(/(.)\/(?:etc|run|home|proc)\//g)].map((match) => match[1])
  assert.deepEqual(new Set(places), new Set([' ', '<', '=']))
})

test('lets Lima’s key in, privately; a second run does nothing as the user', (t) => {
  const { run, keys, asUser } = guest(t)
  assert.deepEqual(run(), fine)
  assert.equal(readFileSync(keys, 'utf8'), managed)
  assert.deepEqual([mode(keys), mode(join(keys, '..'))], ['600', '700'])
  assert.deepEqual(readdirSync(join(keys, '..')), ['authorized_keys'])
  assert.equal(asUser().length, 1)
  assert.match(asUser()[0] ?? '', /^--reuid 1001 --regid 1002 --init-groups bash -s /)
  assert.deepEqual(run(), fine)
  assert.equal(asUser().length, 1)
  assert.ok(parseHostKey(fine.stdout.trim()), 'what it prints is what dvm reads')
})

test('modes are put right once a boot, and with the keys', (t) => {
  const { run, keys, asUser, path } = guest(t)
  run()
  chmodSync(keys, 0o666)
  chmodSync(join(keys, '..'), 0o777)
  run()
  assert.equal(asUser().length, 1)
  writeFileSync(path('run/dvm-ssh-access'), '')
  run()
  assert.deepEqual([mode(keys), mode(join(keys, '..')), asUser().length], ['600', '700', 2])
})

const contents: readonly [string, string, string][] = [
  ['other keys', `${ownKey}\n`, `${ownKey}\n${managed}`],
  ['no newline at its end', ownKey, `${ownKey}\n${managed}`],
  ['comments, blanks and options', `# mine\n\n  \nrestrict ${ownKey}\n`, ''],
  ['CRLF', `${ownKey}\r\n`, `${ownKey}\r\n${managed}`],
  ['backslashes and what a shell would do something with', '# \\n \\ *  $(id)\t\n', ''],
  ['Lima’s key as the user’s own', `${limaKey} mine\n`, `${limaKey} mine\n${managed}`],
  ['an old key of ours', `${ownKey}\nssh-rsa AAAA ${mark}\n# end\n`, `${ownKey}\n# end\n${managed}`],
  ['our line twice', `${managed}${ownKey}\n${managed}`, `${ownKey}\n${managed}`],
  ['our line without a newline', managed.trimEnd(), managed],
  ['our line with CRLF', `${managed.trimEnd()}\r\n`, managed],
  ['our line first', `${managed}${ownKey}\n`, `${managed}${ownKey}\n`],
]
for (const [what, before, after] of contents)
  test(`a file with ${what}: the user’s own lines stay as they are`, (t) => {
    const { run, keys } = guest(t)
    writePrivate(keys, before)
    assert.deepEqual(run(), fine)
    const wanted = after === '' ? `${before}${managed}` : after
    // What is right already is left in its order, unless the modes were looked at: a first run always does.
    assert.deepEqual(readFileSync(keys, 'utf8').split('\n').sort(), wanted.split('\n').sort())
    const once = readFileSync(keys, 'utf8')
    assert.deepEqual(run(), fine)
    assert.equal(readFileSync(keys, 'utf8'), once)
  })

test('several keys of Lima’s, and only plain ones; a key that is gone there goes', (t) => {
  const { run, keys, path } = guest(t)
  const lima = path('home/lima/.ssh/authorized_keys')
  writeFileSync(
    lima,
    `# x\n${limaKey} a b\ncommand="x" ${ownKey}\nssh-rsa AAAA\nbogus\n\n  ecdsa-sha2-nistp256 BBBB`,
  )
  run()
  assert.equal(
    readFileSync(keys, 'utf8'),
    `${managed}ssh-rsa AAAA ${mark}\necdsa-sha2-nistp256 BBBB ${mark}\n`,
  )
  writeFileSync(lima, `ssh-rsa AAAA\n`)
  run()
  assert.equal(readFileSync(keys, 'utf8'), `ssh-rsa AAAA ${mark}\n`)
})

test('links that the user made stay, and lead where the user may go', (t) => {
  const { run, keys, path, asUser } = guest(t)
  const kept = writePrivate(path('home/me/dotfiles/keys'), `${ownKey}\n`)
  mkdirSync(join(keys, '..'))
  symlinkSync('../dotfiles/keys', keys)
  assert.deepEqual(run(), fine)
  assert.ok(lstatSync(keys).isSymbolicLink())
  assert.equal(readFileSync(kept, 'utf8'), `${ownKey}\n${managed}`)
  run()
  assert.equal(asUser().length, 2, 'root does not read through a link: it asks as the user')
})

test('what is in the way is told, and stops nothing', (t) => {
  const ways: readonly ((keys: string) => void)[] = [
    (keys) => mkdirSync(keys, { recursive: true }),
    (keys) => writeFileSync(join(keys, '..'), 'a file'),
    (keys) => symlinkSync('/nonexistent/place', join(keys, '..')),
    (keys) => {
      mkdirSync(join(keys, '..'))
      symlinkSync('authorized_keys', keys)
    },
    (keys) => {
      mkdirSync(join(keys, '..'))
      spawnSync('mkfifo', [keys])
    },
  ]
  for (const way of ways) {
    const { run, keys } = guest(t)
    way(keys)
    const { status, stdout, stderr } = run()
    assert.deepEqual([status, stdout], [0, fine.stdout], way.toString())
    assert.match(stderr, /Lima's key could not be let in to the account me: ssh VM\.dvm will not work\n$/)
  }
})

test('nothing to do: the developer is Lima’s user, there is no such user, no key, or no sudo', (t) => {
  for (const variables of [
    { DVM_USER: 'lima', SUDO_USER: 'lima' },
    { DVM_USER: 'none', SUDO_USER: 'lima' },
    { DVM_USER: 'me', SUDO_USER: 'root' },
    { DVM_USER: 'me' },
  ]) {
    const { run, asUser } = guest(t)
    assert.deepEqual(run(variables), fine)
    assert.deepEqual(asUser(), [])
  }
})

test('runs in one shell after bootstrap.sh, as a sync sends them', (t) => {
  const { run, keys, path } = guest(t)
  const code = path('home/me/code/app')
  mkdirSync(code, { recursive: true })
  for (const file of ['etc/subuid', 'etc/subgid']) writePrivate(path(file), 'me:100000:65536\n')
  writePrivate(path('run/dvm-bootstrap'), `1001:1002:${path('home/me')}:${code}\n`)
  const variables = {
    DVM_USER: 'me',
    SUDO_USER: 'lima',
    DVM_CODE_DIR: code,
    DVM_SUBUID_COUNT: '65536',
    DVM_SUBGID_COUNT: '0',
  }
  assert.deepEqual(
    run(variables, [text('host-keys'), text('bootstrap'), text('ssh-access')].join('\n')),
    fine,
  )
  assert.equal(readFileSync(keys, 'utf8'), managed)
})
