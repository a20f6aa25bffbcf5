// `dvm sh` and `dvm ssh`
import type { Command } from 'commander'
import { DvmError } from '../../core/errors.ts'
import type { CliContext } from '../context.ts'

export const registerSh = (program: Command, context: CliContext): void => {
  program
    .command('sh')
    .description('a login shell in a VM, in its code directory; starts a VM that is stopped')
    .argument('<vm>')
    .action(async (vm: string) => {
      const { enterVm } = await import('../../tasks/enter.ts')
      const deps = await context.deps()
      const tty = context.terminal.stdin && context.terminal.stdout
      context.exitWith(await enterVm(deps, vm, { argv: [], tty, stdin: true }))
    })
}

export const registerSsh = (program: Command, context: CliContext): void => {
  program
    .command('ssh')
    .description("run one command in a VM's code directory; its exit code is dvm's")
    .usage('VM -- COMMAND [ARGUMENT…]')
    .argument('<vm>')
    .argument('[words...]')
    .passThroughOptions()
    .action(async (vm: string, words: string[]) => {
      // The `--` in front is ours; a second one would be the command's.
      const argv = words[0] === '--' ? words.slice(1) : words
      if (argv.length === 0)
        throw new DvmError('usage', 'say which command to run', {
          hint: `dvm ssh ${vm} -- uname -a, or for a shell: dvm sh ${vm}`,
        })
      const { enterVm } = await import('../../tasks/enter.ts')
      // A terminal's stdin stays here: the command gets input only when something is piped in.
      context.exitWith(
        await enterVm(await context.deps(), vm, { argv, tty: false, stdin: !context.terminal.stdin }),
      )
    })
}
