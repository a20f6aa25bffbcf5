// `dvm base status` and `dvm base rm`
import type { Command } from 'commander'
import { shortName, standInAdvice, type Metadata } from '../../core/generation.ts'
import { describeHolder } from '../../core/holder.ts'
import { ageText, sizeText } from '../../core/sizes.ts'
import type { CliContext } from '../context.ts'
import { tilde, tildes } from '../reporter.ts'

const describe = (metadata: Metadata): string =>
  `${shortName(metadata.generation)}, ${metadata.flavour} ${metadata.arch}, ${sizeText(metadata.diskSize)}, built ${ageText(new Date(metadata.builtAt), new Date())}${metadata.bootTest === 'skipped' ? ', not boot-tested' : ''}`

export const registerBaseStatus = (base: Command, context: CliContext): void => {
  base
    .command('status')
    .description('show the base image, what changed since it was built, and the builder')
    .option('--json', 'one JSON object')
    .action(async (flags: { json?: true }) => {
      const { baseStatus } = await import('../../tasks/base-status.ts')
      const deps = await context.deps()
      const status = await baseStatus(deps)
      if (flags.json) return context.reporter.json(status)
      const {
        current,
        standIn,
        kept,
        changes,
        builtBefore,
        builderProblem,
        problem,
        building,
        builder,
        image,
        exists,
        imageProblem,
      } = status
      const rows: [string, string][] = [
        [
          'image',
          imageProblem !== null
            ? `${tilde(image, deps.env.home)}: cannot be used: ${tildes(imageProblem)}`
            : exists
              ? tilde(image, deps.env.home)
              : `none at ${tilde(image, deps.env.home)}: VMs boot from Lima's template:fedora`,
        ],
        ...(current === null
          ? []
          : ([
              ['base', describe(current)],
              ['made from', `${current.bootcBase}${standIn ? ` (${standInAdvice})` : ''}`],
            ] satisfies [string, string][])),
        ...kept.map((metadata): [string, string] => ['kept', describe(metadata)]),
        [
          'inputs',
          changes === null
            ? `unknown: ${tildes(problem ?? '')}`
            : current === null
              ? 'not built yet: dvm base build'
              : changes.length === 0
                ? 'unchanged'
                : `changed: ${changes.join(', ')}: dvm base build${builtBefore ? ' (built before: it switches)' : ''}`,
        ],
        ...(building === null ? [] : ([['building', describeHolder(building)]] satisfies [string, string][])),
        [
          'builder',
          builderProblem !== null
            ? `unknown: ${builderProblem}`
            : builder === null
              ? 'none (made by the first build)'
              : `${builder.instance}, ${builder.state}, ${builder.cpus} CPUs, ${sizeText(builder.memory)} memory, ${sizeText(builder.disk)} disk`,
        ],
      ]
      for (const [name, value] of rows) context.reporter.print(`${`${name}:`.padEnd(11)}${value}`)
    })
}

export const registerBaseRm = (base: Command, context: CliContext): void => {
  base
    .command('rm')
    .description('remove the builder VM and the base image; VMs made from it keep working')
    .option('--image', 'only the image')
    .option('--builder', 'only the builder VM')
    .action(async (flags: { image?: true; builder?: true }) => {
      const { removeBase } = await import('../../tasks/base-status.ts')
      const deps = await context.deps()
      const both = flags.image === undefined && flags.builder === undefined
      const gone = await removeBase(deps, { image: flags.image ?? both, builder: flags.builder ?? both })
      for (const what of gone) context.reporter.note(`removed ${tilde(what, deps.env.home)}`)
      if (gone.length === 0) context.reporter.note('there was nothing to remove')
    })
}
