// The script is run in a real bash, as a guest would: sudo is a stand-in that, like the real one, passes no environment.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import {
  renderGuestScript,
  renderProjectScript,
  setupMarker,
  type GuestScript,
} from '../../src/core/guest-script.ts'
import { workMark } from '../../src/core/guest-work.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

const names = ['DVM_USER', 'DVM_CODE_DIR', 'DVM_SUBUID_COUNT', 'DVM_SUBGID_COUNT']
const values = {
  DVM_NAME: 'app',
  DVM_VM: 'app',
  DVM_LIMA_NAME: 'dvm-app',
  DVM_USER: 'developer',
  DVM_CODE_DIR: '/home/developer/code/app',
  DVM_PORTS: '3000:3000,8080:80',
  DVM_SUBUID_COUNT: '65536',
  DVM_SUBGID_COUNT: '0',
}
const show = `printf '%s\\0' ${names.map((name) => `"$${name}"`).join(' ')}`

const guest = (t: TestContext) => {
  const home = temporaryDirectory(t)
  const run = temporaryDirectory(t)
  mkdirSync(join(home, 'bin'))
  const sudo = writePrivate(
    join(home, 'bin/sudo'),
    '#!/bin/bash\nexec env -i PATH="$PATH" SUDO_USER=developer SUDO_UID="$(id -u)" "$@"\n',
  )
  chmodSync(sudo, 0o755)
  return (script: Partial<GuestScript>) => {
    const parts = { before: 'dvm_prepared() { false; }', bootstrap: ':', setup: undefined }
    // root's note is in a folder of the test's own, and not where a test looks for what a value may have made.
    const input = renderGuestScript({ values, ...parts, ...script }).replaceAll('/run/', `${run}/`)
    // A pipe, as sshd has it; Node's own would be a socket.
    const { status, stdout, stderr } = spawnSync('sh', ['-c', 'cat | bash -s'], {
      input,
      encoding: 'utf8',
      cwd: home,
      env: { PATH: `${home}/bin:${process.env['PATH'] ?? ''}`, HOME: home },
      timeout: 20_000,
    })
    return { status, stdout, stderr }
  }
}
const marker = `${setupMarker}\n`

test('looks as it always did', (t) => {
  const text = renderGuestScript({
    values,
    before: '# host-keys.sh and prepared.sh\ndvm_prepared() { false; }\n',
    bootstrap: '# bootstrap.sh\necho hello\n',
    setup: '# setup.sh\necho mine\n',
  })
  t.assert.fileSnapshot(text, resolve(import.meta.dirname, '../golden/guest-script.sh'), {
    serializers: [(value: string) => value],
  })
})

test('values arrive byte for byte, in the bootstrap and in setup.sh', (t) => {
  const run = guest(t)
  const hostile = ["it's", '$(touch oops) `id` $HOME', 'a\nDVM_BOOTSTRAP_END\nb', '"\\ \t*ü\u0001 ~ #']
  const odd = Object.fromEntries(names.map((name, index) => [name, hostile[index] ?? '']))
  const { status, stdout, stderr } = run({
    values: { ...odd, DVM_PORTS: '' },
    bootstrap: show,
    setup: `${show}; echo "[$DVM_PORTS]"; ls`,
  })
  const expected = `${hostile.join('\0')}\0`
  assert.deepEqual(
    { status, stdout, stderr },
    { status: 0, stdout: `${expected}${marker}${expected}[]\nbin\n`, stderr: '' },
  )
})

test('the bootstrap sees only what it is given, setup.sh everything that is exported', (t) => {
  const run = guest(t)
  const { stdout } = run({
    bootstrap: 'compgen -e | grep DVM',
    setup: 'bash -c "compgen -e" | grep DVM | sort',
  })
  const [bootstrap = '', setup = ''] = stdout.split(marker)
  assert.deepEqual(bootstrap.trim().split('\n').sort(), [...names].sort())
  assert.deepEqual(setup.trim().split('\n'), Object.keys(values).sort())
})

test('the bootstrap runs until the guest says that it is prepared by this one, for these values', (t) => {
  const run = guest(t)
  // As prepared.sh has it, but for its looks.
  const before = 'dvm_prepared() { read -r known 2>/dev/null </run/dvm-prepared && [[ $known == "$1" ]]; }'
  const ran = (script: Partial<GuestScript>) =>
    run({ before, bootstrap: 'echo root', setup: 'declare -F; echo mine', ...script })
  const [first, again] = [`root\n${marker}mine\n`, `${marker}mine\n`]
  const expect = (stdout: string, script: Partial<GuestScript> = {}): void =>
    assert.deepEqual(ran(script), { status: 0, stdout, stderr: '' })
  expect(first)
  expect(again)
  expect(first, { values: { ...values, DVM_SUBUID_COUNT: '1' } })
  expect(`other\n${marker}mine\n`, { bootstrap: 'echo other' })
  expect(first)
  expect(again)
  // One that says that it is not done is run each time, and one that failed as well.
  for (const bootstrap of ['again=1; echo once', 'echo once']) expect(`once\n${marker}mine\n`, { bootstrap })
  assert.equal(ran({ bootstrap: 'echo no; exit 3' }).status, 3)
  expect(`once\n${marker}mine\n`, { bootstrap: 'again=1; echo once' })
  expect(`${marker}mine\n`, { bootstrap: 'echo once' })
})

test('a bootstrap that fails ends the run before setup.sh, with its exit code', (t) => {
  const run = guest(t)
  assert.deepEqual(run({ bootstrap: 'echo no >&2\nexit 7', setup: 'echo setup' }), {
    status: 7,
    stdout: '',
    stderr: 'no\n',
  })
})

test('neither script can be cut short by a command that reads stdin', (t) => {
  const run = guest(t)
  assert.deepEqual(
    run({ bootstrap: 'echo one', setup: 'cat\nread -r x || echo "nothing to read"\necho two\n' }),
    {
      status: 0,
      stdout: `one\n${marker}nothing to read\ntwo\n`,
      stderr: '',
    },
  )
})

test('line numbers in setup.sh are its own', (t) => {
  const run = guest(t)
  const setup =
    '# one\n\necho "$LINENO"\nfor x in 1; do\n  echo "$LINENO"\ndone\nno-such-command\necho never\n'
  const { status, stdout, stderr } = run({ bootstrap: 'true\n'.repeat(30), setup })
  assert.equal(status, 127)
  assert.equal(stdout, `${marker}3\n5\n`)
  assert.match(stderr, /line 7: no-such-command: command not found/)
  assert.match(run({ setup: 'echo a\nfi\n' }).stderr, /line 2: syntax error near unexpected token `fi'/)
})

const endings: readonly [string, string, { status: number; stdout: string }][] = [
  ['nothing', '', { status: 0, stdout: '' }],
  ['only comments, as in a new VM', '# one\n# two\n', { status: 0, stdout: '' }],
  ['no newline at its end', 'echo a', { status: 0, stdout: 'a\n' }],
  ['a continuation at its end', 'echo a \\', { status: 0, stdout: 'a\n' }],
  ['a comment at its end', 'echo a # }', { status: 0, stdout: 'a\n' }],
  ['a brace too many', 'echo a\n}\n', { status: 2, stdout: 'a\n' }],
  ['a here-document at its end', 'cat <<X\nb\nX', { status: 0, stdout: 'b\n' }],
  ['the word that ends it', 'cat <<DVM_SETUP_END\nb\nDVM_SETUP_END\necho c', { status: 0, stdout: 'b\nc\n' }],
  ['return', 'echo a\nreturn 0\necho b', { status: 0, stdout: 'a\n' }],
  ['exit', 'echo a\nexit 42\n', { status: 42, stdout: 'a\n' }],
  ['a failing command', 'echo a\nfalse\necho b', { status: 1, stdout: 'a\n' }],
  ['a failing pipe', 'false | true\necho b', { status: 1, stdout: '' }],
  ['a RETURN trap', 'trap "echo bye" RETURN\necho a', { status: 0, stdout: 'a\nbye\n' }],
  ['an unset variable', 'echo "$nothing"\necho b', { status: 1, stdout: '' }],
  ['an ERR trap in a function', 'trap "echo err" ERR\nf() { false; }\nf', { status: 1, stdout: 'err\n' }],
  ['more than a pipe holds', `echo a\n${'# long\n'.repeat(20_000)}echo b\n`, { status: 0, stdout: 'a\nb\n' }],
]
for (const [what, setup, { status, stdout }] of endings)
  test(`setup.sh may hold ${what}`, (t) => {
    const got = guest(t)({ setup })
    assert.deepEqual(
      { status: got.status, stdout: got.stdout },
      { status, stdout: marker + stdout },
      got.stderr,
    )
  })

test('a VM’s setup.sh gets no arguments: the mark of its bash is not for it', (t) => {
  const { stdout } = guest(t)({ setup: 'echo "$#"' })
  assert.equal(stdout, `${marker}0\n`)
})

test('a project’s setup.sh gets its values, and no arguments: the mark of its bash is not for it', () => {
  const input = renderProjectScript({ DVM_PROJECT: `a'b` }, 'echo "$# $DVM_PROJECT"')
  const { status, stdout } = spawnSync('bash', ['-s', '--', workMark], { input, encoding: 'utf8' })
  assert.deepEqual([status, stdout], [0, `0 a'b\n`])
})
