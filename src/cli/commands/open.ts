// `dvm open`
import type { Command } from 'commander'
import { editorNames } from '../../core/editors.ts'
import type { CliContext } from '../context.ts'

export const registerOpen = (program: Command, context: CliContext): void => {
  program
    .command('open')
    .description(
      "open a VM's code directory, or a project's workspace, in an editor of this machine; starts what is stopped",
    )
    .argument('<vm/project>', 'the VM, or VM/PROJECT')
    .option(
      '--editor <editor>',
      `${editorNames.join(', ')} (default: DVM_EDITOR, else the first that is there)`,
    )
    .action(async (target: string, flags: { editor?: string }) => {
      const { open } = await import('../../tasks/open.ts')
      context.reporter.note(`${target} is open in ${await open(await context.deps(), target, flags.editor)}`)
    })
}
