// `dvm sync`
import type { Command } from 'commander'
import { DvmError } from '../../core/errors.ts'
import { parseTarget } from '../../core/target.ts'
import type { CliContext } from '../context.ts'
import { tilde } from '../reporter.ts'

interface Flags {
  readonly all?: true
  readonly dryRun?: true
  readonly wait: boolean
  readonly jobs?: number
  readonly json?: true
}

const parseJobs = (text: string): number => {
  if (/^[1-9]\d?$/.test(text)) return Number(text)
  throw new DvmError('usage', `--jobs must be a whole number from 1 to 99, not "${text}"`, {
    hint: 'dvm sync --all --jobs 2',
  })
}

export const registerSync = (program: Command, context: CliContext): void => {
  program
    .command('sync')
    .description('create or start a VM from the current base, run its setup.sh, bring up its projects')
    .argument('[vm/project]', 'the VM, or VM/PROJECT for one of its projects')
    .option('--all', 'every VM that has a configuration')
    .option('--jobs <n>', 'with --all: how many at the same time (default: what memory allows)', parseJobs)
    .option('--dry-run', 'print what would run, and call nothing')
    .option('--json', 'what happens, as one JSON object a line')
    .option('--no-wait', 'fail (exit 7) instead of waiting for another sync of the same VM')
    .action(async (vm: string | undefined, flags: Flags) => {
      const { dryRunSync, syncVm } = await import('../../tasks/sync.ts')
      const { syncAll } = await import('../../tasks/sync-all.ts')
      const { configuredVms } = await import('../../tasks/known-names.ts')
      if ((vm === undefined) !== (flags.all ?? false))
        throw new DvmError('usage', 'name one VM, or use --all', { hint: 'dvm sync VM' })
      const deps = await context.deps()
      const target = vm === undefined ? undefined : parseTarget(vm, deps.env.builder.instance)
      const names = target === undefined ? await configuredVms(deps) : [target.vm]
      if ((flags.dryRun ?? false) || deps.env.dryRun) {
        for (const name of names) {
          const plan = await dryRunSync(deps, name, target?.project)
          context.reporter.print(`VM: ${plan.vm}`)
          context.reporter.print(`base: ${tilde(plan.base, deps.env.home)}`)
          for (const command of plan.commands) context.reporter.print(`would run: ${command}`)
          context.reporter.print(`setup script: ${plan.setup}`)
          for (const project of plan.projects) context.reporter.print(`project: ${project}`)
        }
        return
      }
      if (flags.json) {
        const { withEvents } = await import('../events.ts')
        return withEvents(
          deps,
          (line) => context.reporter.print(line),
          async (events) => {
            if (target === undefined) {
              const failures = await syncAll(events.deps, names, { wait: flags.wait, jobs: flags.jobs })
              for (const error of failures) events.error(error)
              if (failures.length > 0) context.exitWith(1)
              events.result({ ready: names.length - failures.length, failed: failures.length })
            } else {
              await syncVm(events.deps, target.vm, { wait: flags.wait, project: target.project })
              events.result({ ready: 1, failed: 0 })
            }
          },
        )
      }
      if (target === undefined) {
        const failures = await syncAll(deps, names, { wait: flags.wait, jobs: flags.jobs })
        for (const error of failures) context.reporter.error(error, deps.env.debug)
        if (failures.length > 0) context.exitWith(1)
      } else await syncVm(deps, target.vm, { wait: flags.wait, project: target.project })
    })
}
