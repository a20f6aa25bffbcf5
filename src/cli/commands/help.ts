// `dvm help base build`: commander's own help command goes one word deep only.
import type { Command } from 'commander'

export const registerHelp = (program: Command): void => {
  program
    .command('help')
    .description('show the help of a command')
    .argument('[command...]', 'its name, for example: base build')
    .action((words: string[]) => {
      let command: Command = program
      for (const word of words) {
        const child = command.commands.find((each) => each.name() === word || each.aliases().includes(word))
        if (child === undefined) command.error(`error: unknown command '${word}'`, { exitCode: 2 })
        command = child
      }
      command.help()
    })
}
