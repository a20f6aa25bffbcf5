// `dvm logs`
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'

export const registerLogs = (program: Command, context: CliContext): void => {
  program
    .command('logs')
    .description("what the last sync of a VM wrote down; of a project, its container's output")
    .argument('<vm/project>', 'the VM, or VM/PROJECT')
    .option('-f, --follow', 'go on with what is added, until Ctrl-C')
    .action(async (target: string, flags: { follow?: true }) => {
      const { showLogs } = await import('../../tasks/logs.ts')
      const deps = await context.deps()
      context.exitWith(
        await showLogs(deps, target, flags.follow ?? false, (text) => context.reporter.text(text)),
      )
    })
}
