// `dvm doctor`
import type { Command } from 'commander'
import { exitCodes } from '../../core/errors.ts'
import type { CliContext } from '../context.ts'
import { tildes } from '../reporter.ts'

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`

export const registerDoctor = (program: Command, context: CliContext): void => {
  program
    .command('doctor')
    .description('look at everything that dvm needs, and say how to repair what is missing')
    .option('--json', 'one JSON array')
    .addHelpText(
      'after',
      '\nExit code: 0 when dvm can be used (warnings included), 4 when something is a problem.',
    )
    .action(async (flags: { json?: true }) => {
      const { examine } = await import('../../tasks/doctor/index.ts')
      const deps = await context.deps()
      const findings = await examine(deps)
      const problems = findings.filter(({ state }) => state === 'problem').length
      const warnings = findings.filter(({ state }) => state === 'warning').length
      if (problems > 0) context.exitWith(exitCodes.tool)
      if (flags.json) return context.reporter.json(findings)
      const width = Math.max(...findings.map(({ name }) => name.length))
      for (const { state, name, found, fix } of findings) {
        context.reporter.print(`${state.padEnd(7)}  ${name.padEnd(width)}  ${tildes(found, deps.env.home)}`)
        if (fix !== undefined) context.reporter.print(`  try: ${fix}`)
      }
      context.reporter.note(`${counted(problems, 'problem')}, ${counted(warnings, 'warning')}`)
    })
}
