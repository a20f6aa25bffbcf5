import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { runDvm } from '../support/dvm.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** Everything below a directory as `mode path`. */
const tree = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((path) => `${(statSync(join(directory, path)).mode & 0o777).toString(8)} ${path}`)
    .sort((a, b) => a.slice(4).localeCompare(b.slice(4)))
const user = userInfo().username
const guestUser = /^[a-z][a-z0-9-]*$/.test(user) && user !== 'root' ? user : 'developer'

test('writes private files, the shared one only the first time, and says which', async (t) => {
  const home = temporaryDirectory(t)
  assert.deepEqual(await runDvm(home, ['new', 'app']), {
    exitCode: 0,
    stdout: '~/.config/dvm/config.sh\n~/.config/dvm/vms/app/config.sh\n~/.config/dvm/vms/app/setup.sh\n',
    stderr: 'edit them as you like, then: dvm sync app\n',
  })
  const config = join(home, '.config/dvm/config.sh')
  writeFileSync(config, 'DVM_USER=mary\n')
  assert.deepEqual(await runDvm(home, ['new', 'app-2']), {
    exitCode: 0,
    stdout: '~/.config/dvm/vms/app-2/config.sh\n~/.config/dvm/vms/app-2/setup.sh\n',
    stderr: 'edit them as you like, then: dvm sync app-2\n',
  })
  assert.equal(readFileSync(config, 'utf8'), 'DVM_USER=mary\n')
  assert.deepEqual(tree(home), [
    '700 .config',
    '700 .config/dvm',
    '600 .config/dvm/config.sh',
    '700 .config/dvm/vms',
    '700 .config/dvm/vms/app',
    '700 .config/dvm/vms/app-2',
    '600 .config/dvm/vms/app-2/config.sh',
    '600 .config/dvm/vms/app-2/setup.sh',
    '600 .config/dvm/vms/app/config.sh',
    '600 .config/dvm/vms/app/setup.sh',
  ])
})

test('what it writes is bash that sets the user and nothing else', async (t) => {
  const home = temporaryDirectory(t)
  await runDvm(home, ['new', 'app'])
  const settings = (path: string): string =>
    execFileSync('bash', {
      input: `. '${join(home, '.config/dvm', path)}'; compgen -v DVM_ | while read -r n; do echo "$n=\${!n}"; done`,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    })
  assert.equal(settings('config.sh'), `DVM_USER=${guestUser}\n`)
  assert.equal(settings('vms/app/config.sh'), '')
  assert.match(readFileSync(join(home, '.config/dvm/vms/app/config.sh'), 'utf8'), /^# DVM_PORTS=\(\d+:\d+/m)
  execFileSync('bash', ['-n', join(home, '.config/dvm/vms/app/setup.sh')])
})

test('refuses a directory that is there, and leaves it and everything else as it was', async (t) => {
  const home = temporaryDirectory(t)
  const vm = join(home, '.config/dvm/vms/app')
  mkdirSync(vm, { recursive: true })
  assert.deepEqual(await runDvm(home, ['new', 'app']), {
    exitCode: 9,
    stdout: '',
    stderr: `dvm: ~/.config/dvm/vms/app exists already; dvm does not change it\n  try: dvm sync app\n`,
  })
  symlinkSync('/nowhere', join(home, '.config/dvm/vms/link'))
  assert.equal((await runDvm(home, ['new', 'link'])).exitCode, 9)
  assert.deepEqual(readdirSync(vm), [])
  assert.equal(existsSync(join(home, '.config/dvm/config.sh')), false)
})

test('refuses what is no name and writes nothing', async (t) => {
  const home = temporaryDirectory(t)
  const names = ['', 'App', '-app', 'a b', '../a', 'a;id', '$(id)', 'ä', 'a\nb']
  const outcomes = await Promise.all(names.map((name) => runDvm(home, ['new', '--', name])))
  assert.deepEqual(
    outcomes,
    names.map((name) => ({
      exitCode: 2,
      stdout: '',
      stderr: `dvm: "${name}" is not a VM name\n  try: use small letters, digits and "-", starting with a letter\n`,
    })),
  )
  assert.deepEqual(readdirSync(home), [])
})

test('a project’s name is none of a VM: what to type instead', async (t) => {
  const home = temporaryDirectory(t)
  for (const [line, instead] of [
    ['new app/api', 'dvm add app/api'],
    ['ls app/api', 'dvm ls app'],
    ['watch app/api', 'dvm watch app'],
    ['recreate app/api --yes', 'dvm reset app/api'],
  ] as const)
    assert.deepEqual(await runDvm(home, line.split(' ')), {
      exitCode: 2,
      stdout: '',
      stderr: `dvm: "app/api" names a project, not a VM\n  try: ${instead}\n`,
    })
})

test('a name that Lima will not take is said at once', async (t) => {
  const home = temporaryDirectory(t)
  for (const name of ['a-', 'a--b', 'a'.repeat(80)]) {
    const { exitCode, stderr } = await runDvm(home, ['new', name])
    assert.equal(exitCode, 0)
    assert.match(
      stderr,
      /^warning: Lima will not take the name dvm-a.*: no "-" at the end, no two in a row, at/,
    )
  }
  const { exitCode, stderr } = await runDvm(home, ['new', 'a'.repeat(250)])
  assert.equal(exitCode, 1)
  assert.match(stderr, /\n {2}try: use a shorter name\n$/)
})

test('refuses the names of the base image workflow', async (t) => {
  const home = temporaryDirectory(t)
  const cases: readonly [string, Record<string, string>][] = [
    ['base', {}],
    ['builder', {}],
    ['dvm-builder', {}],
    ['mine', { DVM_BUILDER_LIMA: 'mine' }],
    ['mine', { DVM_BUILDER_LIMA: 'dvm-mine' }],
  ]
  for (const [name, env] of cases)
    assert.deepEqual(await runDvm(home, ['new', name], env), {
      exitCode: 9,
      stdout: '',
      stderr: `dvm: "${name}" is reserved for the base image workflow\n  try: choose another name; the builder is managed with: dvm base status, dvm base rm --builder\n`,
    })
  assert.deepEqual(readdirSync(home), [])
})

test('follows DVM_CONFIG_DIR, whatever is in its name', async (t) => {
  const home = temporaryDirectory(t)
  const directory = join(home, 'it\'s "odd" $(x) ü')
  assert.deepEqual(await runDvm(home, ['new', 'app'], { DVM_CONFIG_DIR: directory }), {
    exitCode: 0,
    stdout: ['config.sh', 'vms/app/config.sh', 'vms/app/setup.sh']
      .map((path) => `~/it's "odd" $(x) ü/${path}\n`)
      .join(''),
    stderr: 'edit them as you like, then: dvm sync app\n',
  })
})

test('a place where it cannot write is said, with nothing half-made', async (t) => {
  const home = temporaryDirectory(t)
  writeFileSync(join(home, 'file'), '')
  const { exitCode, stdout, stderr } = await runDvm(home, ['new', 'app'], {
    DVM_CONFIG_DIR: join(home, 'file'),
  })
  assert.deepEqual({ exitCode, stdout }, { exitCode: 1, stdout: '' })
  assert.match(stderr, /^dvm: \S+\/file\/config\.sh cannot be written: .*\n {2}try: check the owner/)
})

test('several at once: of one name one is written, different names do not mind each other', async (t) => {
  const home = temporaryDirectory(t)
  const outcomes = await Promise.all(['app', 'app', 'other'].map((name) => runDvm(home, ['new', name])))
  const codes = outcomes.map(({ exitCode }) => Number(exitCode))
  assert.deepEqual(
    codes.slice(0, 2).toSorted((a, b) => a - b),
    [0, 9],
  )
  assert.equal(codes[2], 0)
  assert.deepEqual(
    readdirSync(join(home, '.config/dvm/vms')).toSorted((a, b) => a.localeCompare(b)),
    ['app', 'other'],
  )
})
