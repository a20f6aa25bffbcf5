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
  readonly json?: true
}

export const registerBaseBuild = (base: Command, context: CliContext): void => {
  base
    .command('build')
    .description('build the base image in the builder VM; does nothing when nothing changed')
    .option('--clean', 'start from a fresh builder VM: no layer cache at all')
    .option('--no-cache', 'rebuild every layer')
    .option('--no-boot-test', 'publish without booting a throw-away VM from it first')
    .option('--no-wait', 'fail (exit 7) instead of waiting for another build')
    .option('--json', 'what happens, as one JSON object a line')
    .action(async (flags: Flags) => {
      const { buildBase } = await import('../../tasks/base-build.ts')
      const options = {
        clean: flags.clean ?? false,
        noCache: !flags.cache,
        bootTest: flags.bootTest,
        wait: flags.wait,
      }
      const deps = await context.deps()
      if (flags.json) {
        const { withEvents } = await import('../events.ts')
        return withEvents(
          deps,
          (line) => context.reporter.print(line),
          async (events) => {
            const { outcome, generation } = await buildBase(events.deps, options)
            events.result({ outcome, ...generation.metadata })
          },
        )
      }
      const { outcome, generation } = await buildBase(deps, options)
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
