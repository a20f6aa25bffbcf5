// `dvm help base build`, which commander's own help command cannot do, and topics that are no command.
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'

/** Texts in templates/help/. The one of a command's name follows that command's help. */
const topics = ['config', 'base', 'projects', 'images', 'watch', 'exit-codes'] as const

const topicOf = (word: string | undefined): (typeof topics)[number] | undefined =>
  topics.find((topic) => topic === word)

export const registerHelp = (program: Command, context: CliContext): void => {
  program
    .command('help')
    .description('show the help of a command, or of a topic')
    .argument('[command...]', `a command, for example: base build; or a topic: ${topics.join(', ')}`)
    .action(async (words: string[]) => {
      const topic = words.length === 1 ? topicOf(words[0]) : undefined
      const text = topic === undefined ? undefined : await (await context.assets()).text(`help/${topic}.txt`)
      let command: Command = program
      for (const word of words) {
        const child = command.commands.find((each) => each.name() === word || each.aliases().includes(word))
        if (child === undefined) {
          if (text !== undefined) return context.reporter.print(text.trim())
          command.error(`error: unknown command '${word}'`, { exitCode: 2 })
        }
        command = child
      }
      if (text === undefined) command.help()
      command.outputHelp()
      context.reporter.print(text.trimEnd())
    })
}
