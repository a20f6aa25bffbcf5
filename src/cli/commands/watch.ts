// `dvm watch`
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'

export const registerWatch = (program: Command, context: CliContext): void => {
  program
    .command('watch')
    .description('build the base and sync VMs whenever their files change, until Ctrl-C')
    .argument(
      '[vm]',
      'sync only this VM, and make it when there is none; the base is built all the same (default: sync all VMs that exist)',
    )
    .option('--no-boot-test', 'publish bases without booting a throw-away VM from them first')
    .action(async (vm: string | undefined, { bootTest }: { bootTest: boolean }) => {
      const { watchFiles } = await import('../../tasks/watch.ts')
      const { watchLines } = await import('../watch-lines.ts')
      const deps = await context.deps()
      await watchFiles(deps, {
        vm,
        bootTest,
        tell: (story) => {
          for (const line of watchLines(story, new Date(), deps.env.home)) context.reporter.note(line)
        },
      })
    })
}
