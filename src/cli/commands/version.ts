// `dvm version`
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'

export const registerVersion = (program: Command, context: CliContext): void => {
  program
    .command('version')
    .description('print the version of dvm')
    .action(() => context.reporter.print(`dvm ${context.version}`))
}
