// `dvm reset`, and `dvm recreate` for VMs alone
import type { Command } from 'commander'
import { DvmError } from '../../core/errors.ts'
import { parseTarget } from '../../core/target.ts'
import type { CliContext } from '../context.ts'

export const registerReset = (program: Command, context: CliContext): void => {
  program
    .command('reset')
    .description('make a VM anew from the current base, or the container of one project')
    .argument('<vm/project>', 'the VM, or VM/PROJECT')
    .option('--yes', 'confirm')
    .option('--force', 'lose git work that was not committed or pushed')
    .option('--keep-data', "of a project: keep its workspace's volume")
    .action(async (text: string, flags: { yes?: true; force?: true; keepData?: true }) => {
      const deps = await context.deps()
      const { vm, project } = parseTarget(text, deps.env.builder.instance)
      const yes = flags.yes ?? false
      const force = flags.force ?? false
      const keepData = flags.keepData ?? false
      if (project !== undefined) {
        const { resetProject } = await import('../../tasks/reset-project.ts')
        await resetProject(deps, { vm, project }, { yes, force, keepData })
        return
      }
      if (keepData)
        throw new DvmError(
          'usage',
          '--keep-data keeps the workspace of a project, and a VM has none itself',
          {
            hint: `dvm reset ${vm}/PROJECT --yes --keep-data, or without it: dvm reset ${vm} --yes`,
          },
        )
      const { resetVm } = await import('../../tasks/reset-vm.ts')
      await resetVm(deps, vm, { yes, force, typed: 'reset' })
    })
}

export const registerRecreate = (program: Command, context: CliContext): void => {
  program
    .command('recreate')
    .description('make a VM anew from the current base; what is inside is lost')
    .argument('<vm>')
    .option('--yes', 'confirm')
    .option('--force', 'lose git work that was not committed or pushed')
    .action(async (vm: string, flags: { yes?: true; force?: true }) => {
      const { resetVm } = await import('../../tasks/reset-vm.ts')
      await resetVm(await context.deps(), vm, {
        yes: flags.yes ?? false,
        force: flags.force ?? false,
        typed: 'recreate',
      })
    })
}
