// templates/guest/become.sh before enter.sh, as a person's command goes in, with the real bash on a /etc and /run of the test's own. sudo is
// a stand-in that only says that it was called, and, as the real one, passes no environment.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { personArgv } from '../../src/core/guest-entry.ts'
import { temporaryDirectory, writePrivate, writeProgram } from '../support/temporary.ts'

const template = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, `../../templates/guest/${name}.sh`), 'utf8')
const [uid = 0, gid = 0] = [process.getuid?.(), process.getgid?.()]
const others = (process.getgroups?.() ?? []).filter((id) => id !== gid)

const passwdLine = (home: string, change: Readonly<Record<string, string>> = {}): string => {
  const entry = { name: 'ada', uid, gid, home, shell: '/bin/bash', ...change }
  return `${entry.name}:x:${entry.uid}:${entry.gid}::${entry.home}:${entry.shell}\n`
}

const guest = (t: TestContext) => {
  const root = temporaryDirectory(t)
  const path = (name: string): string => join(root, name)
  const home = path('home/ada')
  mkdirSync(home, { recursive: true })
  const runtime = path(`run/user/${uid}`)
  mkdirSync(runtime, { recursive: true })
  writePrivate(path('etc/passwd'), `root:x:0:0::/root:/bin/sh\n${passwdLine(home)}`)
  writePrivate(
    path('etc/group'),
    `none:x:54321:bob\n${others.map((id) => `g${id}:x:${id}:bob,ada\n`).join('')}`,
  )
  mkdirSync(path('bin'))
  writeProgram(
    path('bin/sudo'),
    `#!/bin/bash\n[[ "$1 $2 $4" == '--set-home --user --' ]] || exit 64\necho "sudo $3"\nshift 4\nexec env -i HOME='${home}' USER=ada PATH="$PATH" "$@"\n`,
  )
  const here = (script: string): string => script.replaceAll(/(?<=[ =<])\/(etc|run)\//g, `${root}/$1/`)
  /** As the session of one connection runs it: they have the same parent. */
  const run = (
    argv: readonly string[],
    env: Readonly<Record<string, string>> = {},
    user = 'ada',
    before: readonly string[] = [],
  ): { readonly status: number | null; readonly stdout: string; readonly stderr: string } => {
    const entry = personArgv(here(template('become')), here(template('enter')), user, home, argv)
    const [file = '', ...args] = [...before, ...entry]
    const { status, stdout, stderr } = spawnSync(file, args, {
      encoding: 'utf8',
      env: { HOME: home, USER: 'ada', SHELL: '/bin/bash', PATH: `${root}/bin:/usr/bin:/bin`, ...env },
    })
    return { status, stdout, stderr }
  }
  return { path, home, run, note: join(runtime, 'dvm-login') }
}
const said = (stdout: string) => ({ status: 0, stdout, stderr: '' })
/** As if it had been written long ago: a later change is newer for sure. */
const age = (...files: readonly string[]): void => {
  for (const file of files) utimesSync(file, 1_000_000_000, 1_000_000_000)
}

test('who is the developer already stays who he is; anybody else becomes him', (t) => {
  const { run, home } = guest(t)
  assert.deepEqual(run(['pwd', '-P']), said(`${home}\n`))
  assert.deepEqual(run(['pwd', '-P'], { USER: 'lima' }), said(`sudo ada\n${home}\n`))
  assert.deepEqual(run(['pwd', '-P'], {}, 'eve'), said(`sudo eve\n${home}\n`))
})

test('arguments and stdin arrive as they are, either way; the exit code comes back', (t) => {
  const { run } = guest(t)
  const hostile = ["it's", '$(touch oops) `id`', 'a\nb', '', '"\\ *ü', '--', '-x']
  const show = ['printf', '[%s]', ...hostile]
  const shown = hostile.map((value) => `[${value}]`).join('')
  assert.deepEqual(run(show), said(shown))
  assert.deepEqual(run(show, { USER: 'lima' }), said(`sudo ada\n${shown}`))
  assert.equal(run(['sh', '-c', 'exit 42']).status, 42)
  assert.equal(run(['sh', '-c', 'exit 42'], { USER: 'lima' }).status, 42)
})

test('a login that is out of date does not count: new groups, another shell or home', (t) => {
  const changes: readonly ((at: ReturnType<typeof guest>) => void)[] = [
    ({ path }) => appendFileSync(path('etc/group'), 'docker:x:54322:ada\n'),
    ({ path, home }) => writeFileSync(path('etc/passwd'), passwdLine(home, { shell: '/bin/zsh' })),
    ({ path, home }) => writeFileSync(path('etc/passwd'), passwdLine(`${home}/new`)),
    ({ path, home }) => writeFileSync(path('etc/passwd'), passwdLine(home, { uid: '4711' })),
    ({ path, home }) => writeFileSync(path('etc/passwd'), passwdLine(home, { gid: '4711' })),
    ({ path, home }) => writeFileSync(path('etc/passwd'), passwdLine(home, { name: 'bob' })),
  ]
  for (const change of changes) {
    const at = guest(t)
    age(at.path('etc/passwd'), at.path('etc/group'))
    assert.deepEqual(at.run(['true']), said(''))
    change(at)
    for (const again of [1, 2])
      assert.deepEqual(at.run(['true']), said('sudo ada\n'), `${String(change)} ${again}`)
  }
})

test(
  'a group that this login has and a new one would not have',
  { skip: uid !== 0 && others.length === 0 && 'this account has one group' },
  (t) => {
    const { run, path } = guest(t)
    // Only root, who often has none, can have one at will.
    const more = others.length > 0 ? [] : ['setpriv', '--groups', '54322']
    writeFileSync(path('etc/group'), 'other:x:54322:ada\n')
    assert.deepEqual(run(['true'], {}, 'ada', more), said(others.length > 0 ? 'sudo ada\n' : ''))
    writeFileSync(path('etc/group'), '')
    assert.deepEqual(run(['true'], {}, 'ada', more), said('sudo ada\n'))
  },
)

test('files whose last line has no end', (t) => {
  const { run, path, home } = guest(t)
  writeFileSync(path('etc/passwd'), passwdLine(home).trimEnd())
  assert.deepEqual(run(['true']), said(''))
  appendFileSync(path('etc/group'), 'docker:x:54322:ada')
  assert.deepEqual(run(['true']), said('sudo ada\n'))
})

test('what was found counts for this connection alone, and until one of the files is newer', (t) => {
  const { run, path, home, note } = guest(t)
  age(path('etc/passwd'), path('etc/group'))
  run(['true'])
  assert.equal(readFileSync(note, 'utf8'), `${process.pid}\n`)
  // Not looked at again: what is older than the note was seen.
  writeFileSync(path('etc/passwd'), '')
  age(path('etc/passwd'))
  assert.deepEqual(run(['true']), said(''))
  // Another connection's note.
  writeFileSync(note, `${process.pid + 1}\n`)
  assert.deepEqual(run(['true']), said('sudo ada\n'))
  writeFileSync(path('etc/passwd'), passwdLine(home))
  assert.deepEqual(run(['true']), said(''))
})

test('a note of a look that did not end counts for nothing', (t) => {
  const { run, path, note } = guest(t)
  age(path('etc/passwd'), path('etc/group'))
  writeFileSync(path('etc/group'), 'docker:x:54322:ada\n')
  age(path('etc/group'))
  assert.deepEqual(run(['true']), said('sudo ada\n'))
  assert.equal(readFileSync(note, 'utf8'), 'looking\n')
  assert.deepEqual(run(['true']), said('sudo ada\n'))
})

test('limits that were changed since the user’s manager began are a new login’s alone', (t) => {
  const { run, path, note } = guest(t)
  const began = writePrivate(join(note, '../systemd/private'), '')
  const limits = writePrivate(path('etc/security/limits.d/nofile.conf'), '')
  age(began, limits, join(limits, '..'))
  assert.deepEqual(run(['true']), said(''))
  writeFileSync(limits, '* soft nofile 4096\n')
  assert.deepEqual(run(['true']), said('sudo ada\n'))
})

test('without a place for the note it is looked at each time', (t) => {
  const { run, path, note } = guest(t)
  rmSync(join(note, '..'), { recursive: true })
  assert.deepEqual(run(['sh', '-c', 'echo "[$XDG_RUNTIME_DIR]"']), said('[]\n'))
  writeFileSync(path('etc/passwd'), '')
  assert.deepEqual(run(['true']), said('sudo ada\n'))
})

test('a proxy or an agent of the session’s is not the developer’s; those of the last sync are', (t) => {
  const { run, path } = guest(t)
  const env = { HTTPS_PROXY: 'http://old:1', no_proxy: 'old', SSH_AUTH_SOCK: '/a', KEEP: 'mine', user: 'a' }
  const show = ['sh', '-c', 'echo "[$HTTPS_PROXY] [$no_proxy$SSH_AUTH_SOCK] [$KEEP$user] $(umask)"']
  assert.deepEqual(run(show, env), said('[] [] [minea] 0022\n'))
  writePrivate(path('etc/dvm/network.env'), 'HTTPS_PROXY=http://new:2\n')
  assert.deepEqual(run(show, env), said('[http://new:2] [] [minea] 0022\n'))
})

test('nothing of the script itself reaches a command', (t) => {
  const { run } = guest(t)
  const { stdout } = run(['bash', '--norc', '-c', 'declare -F; echo "[${dvm_user-}${note-}]"; echo "$#"'])
  assert.equal(stdout, '[]\n0\n')
})

test('the test looks at nothing of this machine', () => {
  const script = (template('become') + template('enter')).replaceAll(/^\s*#.*$/gm, '')
  const places = [...script.matchAll(/(.)\/(?:etc|run|home|proc)\//g)].map((match) => match[1])
  assert.deepEqual(new Set(places), new Set([' ', '<', '=']))
})
