// The command line itself: help, usage errors, and how little `version` loads.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import test from 'node:test'
import { runDvm } from '../support/dvm.ts'
import { sources } from '../support/main.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string
}

test('version, in three ways', async (t) => {
  const home = temporaryDirectory(t)
  for (const word of ['version', '--version', '-V'])
    assert.deepEqual(await runDvm(home, [word]), { exitCode: 0, stdout: `dvm ${version}\n`, stderr: '' })
})

const commands = [
  '',
  'ls',
  'new',
  'add',
  'sync',
  'sh',
  'ssh',
  'cp',
  'ssh-config',
  'open',
  'stop',
  'rm',
  'recreate',
  'reset',
  'logs',
  'watch',
  'base',
  'base init',
  'base dev-init',
  'base build',
  'base status',
  'base rm',
  'pins',
  'pins list',
  'pins check',
  'pins update',
  'completion',
  'doctor',
  'version',
]
test('every command has help, on stdout, and exits 0', async (t) => {
  const home = temporaryDirectory(t)
  const helps = await Promise.all(
    commands.map(async (command) => ({
      command,
      outcome: await runDvm(home, [...command.split(' ').filter((word) => word !== ''), '--help']),
    })),
  )
  for (const { command, outcome } of helps) {
    assert.deepEqual([outcome.exitCode, outcome.stderr], [0, ''], command)
    assert.ok(outcome.stdout.startsWith(`Usage: dvm${command === '' ? '' : ` ${command}`} `), outcome.stdout)
  }
  const listed = [...(helps[0]?.outcome.stdout ?? '').matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(
    (match) => match[1],
  )
  assert.deepEqual(listed, [
    'ls',
    'new',
    'add',
    'sync',
    'sh',
    'ssh',
    'cp',
    'ssh-config',
    'open',
    'stop',
    'rm',
    'recreate',
    'reset',
    'logs',
    'watch',
    'base',
    'pins',
    'completion',
    'doctor',
    'version',
    'help',
  ])
})

const wrong: readonly (readonly [string, RegExp])[] = [
  ['bogus', /unknown command|too many arguments/],
  ['sinc app', /unknown command|too many arguments/],
  ['delete app', /unknown command 'delete' \(did you mean rm\?\)\n {2}try: dvm --help/],
  ['build', /did you mean base build\?/],
  ['base', /^Usage: dvm base /],
  ['base bogus', /unknown command/],
  ['rm', /missing required argument 'vm\/project'/],
  ['new', /missing required argument 'name'/],
  ['completion tcsh', /Allowed choices are bash, zsh, fish/],
  ['add app', /names a VM, not a project in one/],
  ['add app/', /is not a project name/],
  ['reset app --yes --keep-data', /keeps the workspace of a project/],
  ['sync a b', /too many arguments/],
  ['ls --bogus', /unknown option '--bogus'/],
  ['base build --flavour x', /unknown option '--flavour'/],
  ['pins list --role x', /Allowed choices are bootc-base, disk-builder, project-base/],
]
test('a command line that makes no sense exits 2 and writes to stderr only', async (t) => {
  const home = temporaryDirectory(t)
  await Promise.all(
    wrong.map(async ([line, message]) => {
      const { exitCode, stdout, stderr } = await runDvm(home, line.split(' '))
      assert.deepEqual([exitCode, stdout], [2, ''], line)
      assert.match(stderr, message, line)
    }),
  )
})

test('the help of dvm itself leads on: first steps, and every topic there is', async (t) => {
  const home = temporaryDirectory(t)
  const { stdout } = await runDvm(home, ['--help'])
  const topics = /^All topics: (.*)$/m.exec(stdout)?.[1]?.split(', ') ?? []
  assert.deepEqual(topics, [
    'config',
    'base',
    'projects',
    'images',
    'watch',
    'network',
    'migration',
    'exit-codes',
  ])
  for (const topic of topics) {
    const help = await runDvm(home, ['help', topic])
    assert.deepEqual([help.exitCode, help.stderr], [0, ''], topic)
    assert.ok(help.stdout.length > 200, topic)
  }
})

test('a usage error ends in the help of the command that it is about; help goes as deep as the commands do', async (t) => {
  const home = temporaryDirectory(t)
  const run = async (line: string) => runDvm(home, line.split(' '))
  assert.deepEqual(await run('base build --bogus'), {
    exitCode: 2,
    stdout: '',
    stderr: "dvm: unknown option '--bogus'\n  try: dvm base build --help\n",
  })
  assert.equal(
    (await run('pins upd')).stderr,
    "dvm: unknown command 'upd' (did you mean update?)\n  try: dvm pins --help\n",
  )
  for (const [asked, same] of [
    ['help', '--help'],
    ['help sync', 'sync --help'],
    ['help base build', 'base build --help'],
    ['ssh app --help', 'ssh --help'],
    ['ssh app/api -h', 'ssh --help'],
  ] as const)
    assert.deepEqual(await run(asked), await run(same))
  assert.deepEqual(await run('help base bogus'), {
    exitCode: 2,
    stdout: '',
    stderr: "dvm: unknown command 'bogus'\n  try: dvm base --help\n",
  })
  for (const [asked, meant] of [
    ['netwrok', 'network'],
    ['snyc', 'sync'],
  ])
    assert.equal(
      (await run(`help ${asked}`)).stderr,
      `dvm: unknown command '${asked}' (did you mean ${meant}?)\n  try: dvm --help\n`,
    )
})

test('a state directory where nothing can be made is an error, at once', async (t) => {
  const home = temporaryDirectory(t)
  const { exitCode, stderr } = await runDvm(home, ['stop', 'app'], { DVM_STATE_DIR: '/proc/nope/dvm' })
  assert.equal(exitCode, 3)
  assert.equal(
    stderr,
    'dvm: no directory can be made in /proc\n  try: check DVM_STATE_DIR, DVM_CACHE_DIR and DVM_CONFIG_DIR\n',
  )
})

test('no home is a configuration error, but not for version', async (t) => {
  const home = temporaryDirectory(t)
  assert.deepEqual(await runDvm(home, ['ls'], { HOME: '' }), {
    exitCode: 3,
    stdout: '',
    stderr: 'dvm: HOME is not set\n  try: export HOME=/your/home/directory\n',
  })
  assert.equal((await runDvm(home, ['version'], { HOME: '' })).exitCode, 0)
})

/** Packages that a command loaded, found by a hook in its own process. */
const loadedBy = async (
  home: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) => {
  const hook = resolve(import.meta.dirname, '../support/loaded-packages.ts')
  const { stderr } = await runDvm(home, args, { ...env, NODE_OPTIONS: `--import=${hook}` }, sources)
  const line = stderr.split('\n').find((text) => text.startsWith('loaded: ')) ?? ''
  return JSON.parse(line.slice('loaded: '.length)) as { packages: string[]; files: string[] }
}

test('version and help load the command line and nothing else', async (t) => {
  const home = temporaryDirectory(t)
  for (const args of [['version'], ['--version'], ['--help'], ['base', 'build', '--help']]) {
    const { packages, files } = await loadedBy(home, args)
    assert.deepEqual(packages, ['commander'], args.join(' '))
    assert.deepEqual(
      files.filter((file) => !/^((main|start)\.ts|cli\/|core\/|system\/paths\.ts)/.test(file)),
      [],
    )
  }
})

test('completion loads the command line, and what looks into directories', async (t) => {
  const home = temporaryDirectory(t)
  const { packages, files } = await loadedBy(home, ['__complete', '--', 'sync', ''])
  assert.deepEqual(packages, ['commander'])
  assert.deepEqual(
    files.filter((file) => !/^((main|start)\.ts|cli\/|core\/|system\/paths\.ts)/.test(file)),
    ['ports/host-files.ts', 'system/files.ts', 'tasks/known-names.ts', 'tasks/project-names.ts'],
  )
  const script = await loadedBy(home, ['completion', 'bash'])
  assert.deepEqual(script.packages, ['commander'])
  assert.deepEqual(
    script.files.filter((file) => file.startsWith('ports/')),
    ['ports/assets.ts'],
  )
})

test('doctor loads neither the build nor a terminal that draws', async (t) => {
  const home = temporaryDirectory(t)
  const env = { DVM_LIMACTL: '/bin/true', DVM_FLAVOUR: 'debian', DVM_BOOTC_BASE: 'bootstrap:trixie' }
  const { packages, files } = await loadedBy(home, ['doctor'], env)
  for (const heavy of ['listr2', 'conf', 'tar', 'undici', 'chokidar'])
    assert.ok(!packages.includes(heavy), heavy)
  assert.ok(files.includes('tasks/doctor/index.ts'))
  assert.ok(!files.includes('tasks/base-build.ts'))
})

test('ls loads only what it takes to start a process', async (t) => {
  const home = temporaryDirectory(t)
  const { packages, files } = await loadedBy(home, ['ls'], { DVM_LIMACTL: '/bin/true' })
  for (const heavy of 'yaml conf ajv undici listr2 semver hasha tar p-retry chokidar readdirp'.split(' '))
    assert.ok(!packages.includes(heavy), `${heavy} is loaded`)
  assert.ok(packages.includes('execa'))
  assert.deepEqual(
    files.filter((file) => /doctor\/|host-facts|finding/.test(file)),
    [],
  )
})
