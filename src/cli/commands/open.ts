// `dvm open`
import type { Command } from 'commander'
import { editorNames } from '../../core/editors.ts'
import type { CliContext } from '../context.ts'

export const registerOpen = (program: Command, context: CliContext): void => {
  program
    .command('open')
    .description("open a VM's code directory in an editor of this machine; starts a VM that is stopped")
    .argument('<vm>')
    .option(
      '--editor <name>',
      `${editorNames.join(', ')} (default: DVM_EDITOR, else the first that is there)`,
    )
    .action(async (vm: string, flags: { editor?: string }) => {
      const { openVm } = await import('../../tasks/open.ts')
      context.reporter.note(`${vm} is open in ${await openVm(await context.deps(), vm, flags.editor)}`)
    })
}
