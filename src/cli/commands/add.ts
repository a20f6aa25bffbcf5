// `dvm add VM/PROJECT`
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { tilde } from '../reporter.ts'

export const registerAdd = (program: Command, context: CliContext): void => {
  program
    .command('add')
    .description("write a new project's project.sh and setup.sh")
    .argument('<vm/name>', 'a VM that has a configuration, and the name of the project')
    .action(async (target: string) => {
      const { addProject } = await import('../../tasks/add-project.ts')
      const deps = await context.deps()
      for (const path of await addProject(deps, target)) context.reporter.print(tilde(path, deps.env.home))
      context.reporter.note(`edit them as you like, then: dvm sync ${target}`)
    })
}
