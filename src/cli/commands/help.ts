// `dvm help base build`, which commander's own help command cannot do, and topics that are no command.
import type { Command } from 'commander'
import { nearestName } from '../../core/nearest.ts'
import type { CliContext } from '../context.ts'

/** Texts in templates/help/. The one of a command's name follows that command's help. */
export const helpTopics = [
  'config',
  'base',
  'projects',
  'images',
  'watch',
  'network',
  'migration',
  'exit-codes',
] as const

const topicOf = (word: string | undefined): (typeof helpTopics)[number] | undefined =>
  helpTopics.find((topic) => topic === word)

const firstSteps = `
First steps:
  $ dvm doctor      what this machine lacks
  $ dvm new app     the configuration of a VM
  $ dvm sync app    makes it, starts it, runs its setup.sh
  $ dvm sh app      a shell in it

Then: dvm help base (an image for all VMs), dvm help projects (containers in a
VM), dvm help migration (from the shell version, or from a long setup script)
All topics: ${helpTopics.join(', ')}`

export const registerHelp = (program: Command, context: CliContext): void => {
  program.addHelpText('after', firstSteps)
  program
    .command('help')
    .description('show the help of a command, or of a topic')
    .argument('[command...]', `a command, for example: base build; or a topic: ${helpTopics.join(', ')}`)
    .action(async (words: string[]) => {
      const topic = words.length === 1 ? topicOf(words[0]) : undefined
      const text = topic === undefined ? undefined : await (await context.assets()).text(`help/${topic}.txt`)
      let command: Command = program
      for (const word of words) {
        const child = command.commands.find((each) => each.name() === word || each.aliases().includes(word))
        if (child === undefined) {
          if (text !== undefined) return context.reporter.print(text.trim())
          const known = command.commands.map((each) => each.name())
          const near = nearestName(word, command === program ? [...known, ...helpTopics] : known)
          const meant = near === undefined ? '' : `\n(Did you mean ${near}?)`
          command.error(`error: unknown command '${word}'${meant}`, { exitCode: 2 })
        }
        command = child
      }
      if (text === undefined) command.help()
      command.outputHelp()
      context.reporter.print(text.trimEnd())
    })
}
