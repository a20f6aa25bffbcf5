// `dvm base init` and `dvm base dev-init`
import type { Command } from 'commander'
import { flavourNames } from '../../core/flavour.ts'
import type { CliContext } from '../context.ts'
import { tilde } from '../reporter.ts'

export const registerBaseInit = (base: Command, context: CliContext): void => {
  base
    .command('init')
    .description('write a starter Containerfile into the base directory')
    .option('--flavour <flavour>', `the system it is made of: ${flavourNames.join(', ')}`)
    .action(async (options: { flavour?: string }) => {
      const { initBase } = await import('../../tasks/base-init.ts')
      const deps = await context.deps()
      for (const path of await initBase(deps, options.flavour))
        context.reporter.print(tilde(path, deps.env.home))
      context.reporter.note('add what every VM should have, then: dvm base build')
    })
}

export const registerBaseDevInit = (base: Command, context: CliContext): void => {
  base
    .command('dev-init')
    .description("write a starter for the project containers' image, and packages.txt")
    .action(async () => {
      const { initDevBase } = await import('../../tasks/base-init.ts')
      const deps = await context.deps()
      for (const path of await initDevBase(deps)) context.reporter.print(tilde(path, deps.env.home))
      context.reporter.note('list packages in packages.txt: dvm base build bakes them into the base')
    })
}
