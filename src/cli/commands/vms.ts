// `dvm ls`, `dvm stop`, `dvm rm`
import type { Command } from 'commander'
import { DvmError } from '../../core/errors.ts'
import { sizeText } from '../../core/sizes.ts'
import type { CliContext } from '../context.ts'
import { tilde } from '../reporter.ts'

export const registerLs = (program: Command, context: CliContext): void => {
  program
    .command('ls')
    .description('list VMs (what dvm does without a command)')
    .option('--only-config', 'only VMs that have a configuration')
    .option('--json', 'one JSON array')
    .action(async (flags: { onlyConfig?: true; json?: true }) => {
      const { listVms } = await import('../../tasks/vms.ts')
      const rows = await listVms(await context.deps(), { onlyConfigured: flags.onlyConfig ?? false })
      if (flags.json) return context.reporter.json(rows)
      if (rows.length === 0) context.reporter.note('no VMs yet: dvm new NAME, then dvm sync NAME')
      const base = (row: (typeof rows)[number]): string =>
        row.generation === null ? '-' : `${row.generation.slice(0, 12)}${row.behind ? ' (behind)' : ''}`
      context.reporter.table(
        ['VM', 'STATE', 'CPUS', 'MEMORY', 'BASE'],
        rows.map((row) => [row.name, row.state, String(row.cpus), sizeText(row.memory), base(row)]),
      )
    })
}

export const registerStop = (program: Command, context: CliContext): void => {
  program
    .command('stop')
    .description('stop a VM; its contents stay')
    .argument('[vm]')
    .option('--all', 'every VM; the builder is left alone')
    .option('--only-config', 'with --all: only VMs that have a configuration')
    .action(async (vm: string | undefined, flags: { all?: true; onlyConfig?: true }) => {
      if ((vm === undefined) !== (flags.all ?? false))
        throw new DvmError('usage', 'name one VM, or use --all', { hint: 'dvm stop VM' })
      const { stopVm, stoppableVms } = await import('../../tasks/vms.ts')
      const deps = await context.deps()
      const names =
        vm === undefined ? await stoppableVms(deps, { onlyConfigured: flags.onlyConfig ?? false }) : [vm]
      for (const name of names) {
        try {
          context.reporter.note((await stopVm(deps, name)) ? `${name} is stopped` : `${name} was not running`)
        } catch (error) {
          // With --all, one VM's failure does not keep the others running.
          if (vm !== undefined || deps.signal.aborted) throw error
          context.reporter.error(error, deps.env.debug)
          context.exitWith(1)
        }
      }
    })
}

export const registerRm = (program: Command, context: CliContext): void => {
  program
    .command('rm')
    .description('remove a VM and everything in it')
    .argument('<vm>')
    .option('--yes', 'confirm')
    .option('--config', 'remove its configuration as well')
    .action(async (vm: string, flags: { yes?: true; config?: true }) => {
      const { removeVm } = await import('../../tasks/vms.ts')
      const deps = await context.deps()
      const removed = await removeVm(deps, vm, { yes: flags.yes ?? false, config: flags.config ?? false })
      context.reporter.note(removed.instance ? `${vm} is removed` : `no Lima instance: dvm-${vm}`)
      const directory = tilde(removed.configDirectory, deps.env.home)
      if (removed.configRemains)
        context.reporter.note(
          `its configuration stays in ${directory} (dvm rm ${vm} --yes --config removes it)`,
        )
    })
}
