// The command line: one file a command, registered here in the order that help shows them.
import { Command, CommanderError } from 'commander'
import { DvmError } from '../core/errors.ts'
import { registerAdd } from './commands/add.ts'
import { registerBase } from './commands/base.ts'
import { registerCompletion } from './commands/completion.ts'
import { registerDoctor } from './commands/doctor.ts'
import { registerCp } from './commands/cp.ts'
import { registerHelp } from './commands/help.ts'
import { registerNew } from './commands/new.ts'
import { registerOpen } from './commands/open.ts'
import { registerPins } from './commands/pins.ts'
import { registerLogs } from './commands/logs.ts'
import { registerRecreate, registerReset } from './commands/reset.ts'
import { registerSh, registerSsh } from './commands/enter.ts'
import { registerSshConfig } from './commands/ssh-config.ts'
import { registerSync } from './commands/sync.ts'
import { registerVersion } from './commands/version.ts'
import { registerLs, registerRm, registerStop } from './commands/vms.ts'
import { registerWatch } from './commands/watch.ts'
import type { CliContext } from './context.ts'
import { shown } from './printable.ts'

/** What changes something and has no dry run of its own. */
const acting = new Set([
  'new',
  'add',
  'sh',
  'ssh',
  'cp',
  'open',
  'stop',
  'rm',
  'reset',
  'recreate',
  'init',
  'dev-init',
  'build',
  'watch',
])

/** What makes nothing that an interruption would take back, whatever its options are. */
const looking = new Set([
  'ls',
  'sh',
  'ssh',
  'open',
  'logs',
  'doctor',
  'status',
  'list',
  'check',
  'completion',
  'version',
  'help',
])

const refuseWhenDry = (action: Command, context: CliContext): void => {
  // Without an option ssh-config only prints.
  const acts =
    acting.has(action.name()) || (action.name() === 'ssh-config' && Object.keys(action.opts()).length > 0)
  if (!context.dryRun || !acts) return
  throw new DvmError('usage', `DVM_DRY_RUN is set, and ${action.name()} cannot be tried without doing it`, {
    hint: 'unset DVM_DRY_RUN (sync and pins update do have a dry run)',
  })
}

export const createProgram = (context: CliContext): Command => {
  const program = new Command('dvm')
    .description('Bake a Containerfile into a base image once; boot ready development VMs from it.')
    .enablePositionalOptions()
    .exitOverride()
    .helpCommand(false)
    .configureOutput({ outputError: (text, write) => write(shown(inOurWords(text))) })
    .version(`dvm ${context.version}`, '-V, --version', 'print the version of dvm')
  program.hook('preAction', (_, action) => {
    if (looking.has(action.name())) context.onlyLooks()
    refuseWhenDry(action, context)
  })
  registerLs(program, context)
  registerNew(program, context)
  registerAdd(program, context)
  registerSync(program, context)
  registerSh(program, context)
  registerSsh(program, context)
  registerCp(program, context)
  registerSshConfig(program, context)
  registerOpen(program, context)
  registerStop(program, context)
  registerRm(program, context)
  registerRecreate(program, context)
  registerReset(program, context)
  registerLogs(program, context)
  registerWatch(program, context)
  registerBase(program, context)
  registerPins(program, context)
  registerCompletion(program, context)
  registerDoctor(program, context)
  registerVersion(program, context)
  registerHelp(program, context)
  pointToOwnHelp(program, 'dvm')
  return program
}

/** commander's complaint in the form of every other error of dvm's. */
const inOurWords = (text: string): string =>
  text.replace(/^error: /, 'dvm: ').replace(/\n\(Did you mean (.*)\?\)/, ' (did you mean $1?)')

/** What Lima, Docker, Vagrant and the like call it, where no slip of the finger leads to ours, or one to another. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ['create', 'new'],
  ['up', 'sync'],
  ['start', 'sync'],
  ['shell', 'sh'],
  ['enter', 'sh'],
  ['exec', 'ssh'],
  ['run', 'ssh'],
  ['list', 'ls'],
  ['ps', 'ls'],
  ['status', 'ls'],
  ['halt', 'stop'],
  ['down', 'stop'],
  ['delete', 'rm'],
  ['remove', 'rm'],
  ['destroy', 'rm'],
  ['build', 'base build'],
])

/** After the VM, `dvm ssh` passes everything on to the guest: help that is asked for there was meant for dvm, unless a `--` stands before it. */
const wordsFor = (argv: readonly string[]): string[] => {
  const [command = 'ls', , option = ''] = argv
  return command === 'ssh' && /^(-h|--help)$/.test(option) ? [command, option] : [command, ...argv.slice(1)]
}

/** A usage error ends in the help of the command that it is about. */
const pointToOwnHelp = (command: Command, name: string): void => {
  command.showHelpAfterError(`  try: ${name} --help`)
  for (const child of command.commands) pointToOwnHelp(child, `${name} ${child.name()}`)
}

/**
 * Runs one command line (without node and the script); an empty one is `ls`.
 * @throws DvmError for expected failures, `usage` for a command line that makes no sense.
 */
export const runProgram = async (argv: readonly string[], context: CliContext): Promise<void> => {
  try {
    const program = createProgram(context)
    const ours = elsewhere.get(argv[0] ?? '')
    if (ours !== undefined)
      program.error(`error: unknown command '${argv[0]}'\n(Did you mean ${ours}?)`, { exitCode: 2 })
    await program.parseAsync(wordsFor(argv), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // commander has already printed its message (and help) by itself.
    context.exitWith(error.exitCode === 0 ? 0 : new DvmError('usage', error.message).exitCode)
  }
}
