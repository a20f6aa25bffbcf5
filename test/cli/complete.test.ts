// What completion offers: a table of command lines, and the hidden command as a process of its own.
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Command } from 'commander'
import { slotAt } from '../../src/cli/complete.ts'
import { runDvm } from '../support/dvm.ts'
import { bareProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** The candidates at the end of a line, before they are cut down to what is typed; `<vm>` for what the machine is asked for. */
const offered = (line: string, program: Command = bareProgram()): string => {
  const { before, candidates, ask } = slotAt(program, line.split(' '))
  const words = candidates.map(({ word }) => `${before}${word}`)
  return [...words, ...(ask === undefined ? [] : [`${before}<${ask}>`])].join(' ')
}
const commands = bareProgram()
  .commands.map((command) => command.name())
  .filter((name) => name !== '__complete')
  .join(' ')

const lines: readonly (readonly [string, string])[] = [
  ['', commands],
  ['s', commands],
  ['-', '--version --help'],
  ['base ', 'init dev-init build status rm'],
  ['pins ', 'list check update'],
  ['pins -', '--help'],
  ['sync ', '<vm/project>'],
  ['sync a', '<vm/project>'],
  ['sync --', '--all --jobs --dry-run --json --no-wait --help'],
  ['sync --no-wait ', '<vm/project>'],
  ['sync --no-wait --', '--all --jobs --dry-run --json --help'],
  ['sync app ', '--all --jobs --dry-run --json --no-wait'],
  ['sync app x', ''],
  ['sync app x ', ''],
  ['sync app x -', ''],
  ['sh ', '<vm/project>'],
  ['stop ', '<vm/project>'],
  ['open ', '<vm/project>'],
  ['rm ', '<vm/project>'],
  ['rm --yes app --', '--force --keep-data --config --help'],
  ['rm -- -', '<vm/project>'],
  ['new ', ''],
  ['ls ', '<vm>'],
  ['ls --json ', '<vm>'],
  ['version ', ''],
  ['version -', '--help'],
  ['watch ', '<vm>'],
  ['watch -', '--no-boot-test --help'],
  ['watch app ', '--no-boot-test'],
  ['cp ', '<path>'],
  ['cp -', '--recursive --help'],
  ['cp --recursive app:x ', '<path>'],
  ['cp a app:b ', '--recursive'],
  // From the VM on, words are the guest's.
  ['ssh ', '<vm/project>'],
  ['ssh -', '--help'],
  ['ssh app ', ''],
  ['ssh app -', ''],
  ['ssh app -- ls --role ', ''],
  ['ssh app ls --', ''],
  // Values of options, in the ways that shells hand them over.
  ['base init --flavour ', 'fedora debian'],
  ['pins check --flavour ', 'fedora debian'],
  ['open app --editor ', 'code cursor windsurf code-insiders codium zed'],
  ['pins list --role ', 'bootc-base disk-builder project-base'],
  ['pins list --role=', '--role=bootc-base --role=disk-builder --role=project-base'],
  ['pins list --role=d', '--role=bootc-base --role=disk-builder --role=project-base'],
  ['pins list --role =', 'bootc-base disk-builder project-base'],
  ['pins list --role = d', 'bootc-base disk-builder project-base'],
  ['pins list --role = disk-builder --', '--flavour --file --json --help'],
  ['pins list --role=disk-builder --', '--flavour --file --json --help'],
  ['pins list --role disk-builder ', '--flavour --file --json'],
  ['pins list --file ', '<path>'],
  ['pins list --file -', '<path>'],
  ['pins list --file=', '--file=<path>'],
  ['pins list --json=', ''],
  ['pins list --bogus=', ''],
  ['completion ', 'bash zsh fish'],
  ['help ', `${commands} config projects images network migration exit-codes`],
  ['help base ', 'init dev-init build status rm'],
  ['help base build ', ''],
  ['help bogus ', ''],
  ['help -', '--help'],
  // What does not exist.
  ['bogus ', ''],
  ['bogus -', ''],
  ['base bogus ', ''],
  ['sync --bogus ', '<vm/project>'],
  ['__complete', commands],
  ['__complete ', ''],
]
for (const [line, expected] of lines)
  test(`dvm ${line}| offers ${expected || 'nothing'}`, () => assert.equal(offered(line), expected))

test('what other commands may declare: projects, lists of VMs, aliases, hidden options', () => {
  const program = new Command('dvm')
  program.command('enter').alias('in').argument('<vm/project>').option('--as <user>', 'who')
  program.command('keys').argument('[vm...]').option('--only <vm...>', 'these')
  program.command('odd').addOption(program.createOption('--secret').hideHelp()).option('-q', 'quiet')
  const cases: readonly (readonly [string, string])[] = [
    ['', 'enter keys odd'],
    ['enter ', '<vm/project>'],
    ['in ', '<vm/project>'],
    ['in --as ', ''],
    ['in --as me ', '<vm/project>'],
    ['keys ', '<vm>'],
    ['keys a ', '<vm>'],
    ['keys a -', '--only --help'],
    ['keys --only ', '<vm>'],
    ['keys --only a -', '--only --help'],
    ['odd ', '-q'],
    ['odd -', '-q --help'],
  ]
  for (const [line, expected] of cases) assert.equal(offered(line, program), expected, line)
})

test('descriptions are one line each, as the scripts read them', () => {
  const texts = (command: Command): string[] => [
    command.description(),
    ...command.options.map((option) => option.description),
    ...command.commands.flatMap(texts),
  ]
  assert.deepEqual(
    texts(bareProgram()).filter((text) => /[\n\t]/.test(text)),
    [],
  )
})

const complete = async (home: string, words: readonly string[], env: Record<string, string> = {}) =>
  runDvm(home, ['__complete', '--', ...words], env)

test('the hidden command prints candidates one a line, with what they are after a tab', async (t) => {
  const home = temporaryDirectory(t)
  assert.deepEqual(await complete(home, ['base', 'b']), {
    exitCode: 0,
    stdout: 'build\tbuild the base image in the builder VM; does nothing when nothing changed\n',
    stderr: '',
  })
  assert.equal((await complete(home, ['pins', 'list', '--role=d'])).stdout, '--role=disk-builder\n')
  assert.equal((await complete(home, ['pins', 'list', '--file', 'x'])).stdout, ':path\n')
  assert.equal((await complete(home, ['completion', ''])).stdout, 'bash\nzsh\nfish\n')
  assert.doesNotMatch((await runDvm(home, ['--help'])).stdout, /__complete/)
  assert.match((await runDvm(home, ['__complet'])).stderr, /^dvm: unknown command '__complet'\n/)
})

test('VMs are those with a configuration and those that dvm made, and nothing else that lies there', async (t) => {
  const home = temporaryDirectory(t)
  const configuration = join(home, '.config/dvm/vms')
  const hostile = [
    'a b',
    '$(touch x)',
    '`id`',
    "it's",
    'x\ny',
    'a\tb',
    '-rf',
    '--all',
    ';ls',
    'Ä',
    ':path',
    '.tmp',
  ]
  for (const name of ['web', 'app', 'base', 'builder', ...hostile])
    mkdirSync(join(configuration, name, 'projects'), { recursive: true })
  mkdirSync(join(configuration, 'web/projects/shop'))
  writeFileSync(join(configuration, 'web/projects/note'), 'to do')
  mkdirSync(join(home, 'elsewhere'))
  symlinkSync(join(home, 'elsewhere'), join(configuration, 'linked'))
  for (const name of ['orphan', 'app', 'a b', 'locks', 'base'])
    mkdirSync(join(home, '.local/state/dvm', name), { recursive: true })
  for (const name of ['orphan', 'app', 'a b', 'base'])
    writeFileSync(join(home, '.local/state/dvm', name, 'state.json'), '{}')
  for (const command of ['sync', 'sh', 'ssh', 'stop', 'rm', 'open'])
    assert.deepEqual(await complete(home, [command, '']), {
      exitCode: 0,
      stdout: 'app\nlinked\norphan\nweb\nweb/shop\n',
      stderr: '',
    })
  assert.equal((await complete(home, ['sync', 'a'])).stdout, 'app\n')
  assert.equal((await complete(home, ['sync', '$(touch x)'])).stdout, '')
  assert.equal(
    (await complete(home, ['sync', ''], { DVM_BUILDER_LIMA: 'dvm-web' })).stdout.includes('web'),
    false,
  )
  const elsewhere = { DVM_CONFIG_DIR: join(home, 'other'), DVM_STATE_DIR: join(home, 'state') }
  mkdirSync(join(home, 'other/vms/there'), { recursive: true })
  assert.equal((await complete(home, ['sync', ''], elsewhere)).stdout, 'there\n')
})

test('whatever is wrong, it offers less and says nothing', async (t) => {
  const home = temporaryDirectory(t)
  const nothing = { exitCode: 0, stdout: '', stderr: '' }
  for (const env of [
    {},
    { HOME: '' },
    { DVM_BUILDER_MEMORY: 'much' },
    { DVM_CONFIG_DIR: '/dev/null' },
    { DVM_LIMACTL: '/no/such/limactl', DVM_DRY_RUN: '1' },
  ])
    assert.deepEqual(await complete(home, ['sync', ''], env), nothing, JSON.stringify(env))
  for (const words of [
    ['bogus', ''],
    ['ssh', 'x', '--', '--help'],
    ['sync', '--', '--'],
    ['', '', ''],
    ['=', '=', '='],
  ])
    assert.deepEqual(await complete(home, words), nothing, words.join(' '))
  assert.match((await complete(home, [], { HOME: '' })).stdout, /^ls\t/)
})
