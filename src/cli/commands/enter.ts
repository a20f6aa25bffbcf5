// `dvm sh` and `dvm ssh`
import type { Command } from 'commander'
import { DvmError } from '../../core/errors.ts'
import { parseTarget } from '../../core/target.ts'
import type { CliContext } from '../context.ts'

export const registerSh = (program: Command, context: CliContext): void => {
  program
    .command('sh')
    .description('a login shell in a VM or a project; starts what is stopped')
    .argument('<vm/project>', 'the VM, or VM/PROJECT')
    .action(async (vm: string) => {
      await context.asksLima((builder) => parseTarget(vm, builder))
      const { enter } = await import('../../tasks/enter.ts')
      const deps = await context.deps()
      const tty = context.terminal.stdin && context.terminal.stdout
      context.exitWith(await enter(deps, vm, { argv: [], tty, stdin: true, term: context.terminal.name }))
    })
}

export const registerSsh = (program: Command, context: CliContext): void => {
  program
    .command('ssh')
    .description("run one command in a VM's code directory, or in a project; its exit code is dvm's")
    .usage('VM[/PROJECT] -- COMMAND [ARGUMENT…]')
    .argument('<vm/project>', 'the VM, or VM/PROJECT')
    .argument('[words...]')
    .passThroughOptions()
    .action(async (vm: string, words: string[]) => {
      // The `--` in front is ours; a second one would be the command's.
      const argv = words[0] === '--' ? words.slice(1) : words
      if (argv.length === 0)
        throw new DvmError('usage', 'say which command to run', {
          hint: `dvm ssh ${vm} -- uname -a, or for a shell: dvm sh ${vm}`,
        })
      await context.asksLima((builder) => parseTarget(vm, builder))
      const { enter } = await import('../../tasks/enter.ts')
      // A terminal's stdin stays here: the command gets input only when something is piped in.
      context.exitWith(
        await enter(await context.deps(), vm, {
          argv,
          tty: false,
          stdin: !context.terminal.stdin,
          term: undefined,
        }),
      )
    })
}
