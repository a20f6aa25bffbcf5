// `dvm ssh-config`
import { Option, type Command } from 'commander'
import type { CliContext } from '../context.ts'
import { tilde } from '../reporter.ts'

export const registerSshConfig = (program: Command, context: CliContext): void => {
  const { reporter } = context
  const tell = (unready: readonly string[]): void => {
    if (unready.length > 0) reporter.note(`ssh cannot log in yet to ${unready.join(', ')}: dvm sync VM`)
  }
  const print = async (): Promise<void> => {
    const { sshHosts } = await import('../../tasks/ssh-config.ts')
    const { sshInstalled } = await import('../../tasks/ssh-kept.ts')
    const deps = await context.deps()
    const { entries, unready } = await sshHosts(deps, await sshInstalled(deps))
    const text = entries.map(([, entry]) => entry).join('\n')
    if (text !== '') reporter.print(text.trimEnd())
    tell(unready)
  }
  const install = async (): Promise<void> => {
    const { installSshConfig } = await import('../../tasks/ssh-config.ts')
    const deps = await context.deps()
    const { file, userFile, included, unready } = await installSshConfig(deps)
    reporter.print(tilde(file, deps.env.home))
    const how = included
      ? 'includes it now, in two lines at its beginning; the rest of it is as it was'
      : 'includes it already'
    reporter.note(`${tilde(userFile, deps.env.home)} ${how}`)
    tell(unready)
  }
  const remove = async (): Promise<void> => {
    const { removeSshConfig } = await import('../../tasks/ssh-config.ts')
    const removed = await removeSshConfig(await context.deps())
    reporter.note(removed ? 'your ssh configuration includes no VMs any more' : 'it was not installed')
  }
  program
    .command('ssh-config')
    .description(
      'make `ssh VM.dvm` and `ssh PROJECT.VM.dvm` work, for any editor or tool; without an option: print the entries',
    )
    .option('--install', 'keep the entries in a file of dvm’s that ~/.ssh/config includes')
    .addOption(new Option('--remove', 'take that back').conflicts('install'))
    .action((flags: { install?: true; remove?: true }) =>
      flags.install ? install() : flags.remove ? remove() : print(),
    )
}
