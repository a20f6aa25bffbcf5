// `dvm completion SHELL`, and the hidden `dvm __complete -- WORD…` that its scripts call back.
import type { Command } from 'commander'
import { Argument } from 'commander'
import { slotAt, type Slot } from '../complete.ts'
import type { CliContext } from '../context.ts'

/** Scripts are templates/completion/dvm.SHELL. */
const shells = ['bash', 'zsh', 'fish'] as const

export const registerCompletion = (program: Command, context: CliContext): void => {
  program
    .command('completion')
    .description('print a script that completes dvm in a shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .action(async (shell: string) => {
      const assets = await context.assets()
      context.reporter.print((await assets.text(`completion/dvm.${shell}`)).trimEnd())
    })

  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .passThroughOptions()
    .action(async (words: string[]) => {
      // Whatever is wrong is said when the command itself runs; here it would be written over what is being typed.
      const lines = await candidateLines(program, context, words).catch(() => [])
      for (const line of lines) context.reporter.print(line)
    })
}

/** WORD, or WORD and what it is with a tab between; or only `:path`, which leaves the rest to the shell. */
const candidateLines = async (
  program: Command,
  context: CliContext,
  words: readonly string[],
): Promise<readonly string[]> => {
  const slot = slotAt(program, words)
  if (slot.ask === 'path') return [':path']
  const names = (await namesFor(slot.ask, context)).map((word) => ({ word }))
  return [...slot.candidates, ...names]
    .filter(({ word }) => word.startsWith(slot.typed))
    .map(({ word, description }: { word: string; description?: string }) =>
      description === undefined ? `${slot.before}${word}` : `${slot.before}${word}\t${description}`,
    )
}

const namesFor = async (ask: Slot['ask'], context: CliContext): Promise<readonly string[]> => {
  if (ask === undefined) return []
  const { knownProjects, knownVms } = await import('../../tasks/known-names.ts')
  const looking = await context.looking()
  return (await Promise.all([knownVms(looking), ask === 'vm' ? [] : knownProjects(looking)])).flat()
}
