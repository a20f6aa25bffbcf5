// `dvm cp`
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'

export const registerCp = (program: Command, context: CliContext): void => {
  program
    .command('cp')
    .description('copy a file or a directory into a VM or a project, or out of it')
    .usage('[-r] SOURCE DESTINATION')
    .argument('<path>', 'what to copy: a path here, or VM[/PROJECT]:PATH')
    .argument('<path>', 'where to: the other of the two')
    .option('-r, --recursive', 'a directory, with all that is in it')
    .action(async (source: string, destination: string, flags: { recursive?: true }) => {
      const { copy } = await import('../../tasks/copy.ts')
      await copy(await context.deps(), source, destination, {
        recursive: flags.recursive ?? false,
        show: context.reporter.progress,
      })
    })
}
