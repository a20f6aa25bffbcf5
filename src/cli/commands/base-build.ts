// `dvm base build`
import type { Command } from 'commander'
import { shortName } from '../../core/generation.ts'
import { sizeText } from '../../core/sizes.ts'
import type { CliContext } from '../context.ts'

interface Flags {
  readonly clean?: true
  readonly cache: boolean
  readonly bootTest: boolean
  readonly wait: boolean
}

export const registerBaseBuild = (base: Command, context: CliContext): void => {
  base
    .command('build')
    .description('build the base image in the builder VM; does nothing when nothing changed')
    .option('--clean', 'start from a fresh builder VM: no layer cache at all')
    .option('--no-cache', 'rebuild every layer')
    .option('--no-boot-test', 'publish without booting a throw-away VM from it first')
    .option('--no-wait', 'fail (exit 7) instead of waiting for another build')
    .action(async (flags: Flags) => {
      const { buildBase } = await import('../../tasks/base-build.ts')
      const deps = await context.deps()
      const { outcome, generation } = await buildBase(deps, {
        clean: flags.clean ?? false,
        noCache: !flags.cache,
        bootTest: flags.bootTest,
        wait: flags.wait,
      })
      const { metadata } = generation
      const what = `base ${shortName(metadata.generation)} (${metadata.flavour}, ${sizeText(metadata.diskSize)})`
      const done = {
        unchanged: `nothing changed: ${what} is current`,
        switched: `${what} was built before from the same inputs: it is current again`,
        built: `${what} is ready: dvm sync VM boots from it`,
      }
      context.reporter.print(done[outcome])
    })
}
