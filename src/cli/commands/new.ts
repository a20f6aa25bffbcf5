// `dvm new VM`
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { tilde } from '../reporter.ts'

export const registerNew = (program: Command, context: CliContext): void => {
  program
    .command('new')
    .description("write a new VM's config.sh and setup.sh")
    .argument('<name>', 'small letters, digits and "-", starting with a letter')
    .action(async (vm: string) => {
      const { newVm } = await import('../../tasks/new-vm.ts')
      const deps = await context.deps()
      for (const path of await newVm(deps, vm)) context.reporter.print(tilde(path, deps.env.home))
      context.reporter.note(`edit them as you like, then: dvm sync ${vm}`)
    })
}
