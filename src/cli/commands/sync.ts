// `dvm sync`
import type { Command } from 'commander'
import { DvmError } from '../../core/errors.ts'
import { parseTarget, type Target } from '../../core/target.ts'
import type { Deps } from '../../tasks/deps.ts'
import type { CliContext } from '../context.ts'

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
    .option('--json', 'what happens, as one JSON object a line; with --dry-run: one a VM')
    .option('--no-wait', 'fail (exit 7) instead of waiting for another sync of the same VM')
    .action(async (vm: string | undefined, flags: Flags) => {
      if ((vm === undefined) !== (flags.all ?? false))
        throw new DvmError('usage', 'name one VM, or use --all', { hint: 'dvm sync VM' })
      if (!(flags.dryRun ?? false) && !context.dryRun && vm !== undefined)
        await context.asksLima((builder) => parseTarget(vm, builder))
      const { configuredVms } = await import('../../tasks/known-names.ts')
      const { warnOfGlobalSetup } = await import('../../tasks/global-setup.ts')
      if (flags.jobs !== undefined && vm !== undefined)
        throw new DvmError('usage', '--jobs goes with --all', { hint: 'dvm sync --all --jobs 2' })
      const deps = await context.deps()
      const target = vm === undefined ? undefined : parseTarget(vm, deps.env.builder.instance)
      const names = target === undefined ? await configuredVms(deps) : [target.vm]
      if ((flags.dryRun ?? false) || deps.env.dryRun) {
        await warnOfGlobalSetup(deps)
        const { printPlans } = await import('../dry-run.ts')
        const asked = {
          names,
          one: target !== undefined,
          project: target?.project,
          json: flags.json ?? false,
        }
        return printPlans(context, deps, asked)
      }
      if (flags.json) return withJson(context, deps, names, target, flags)
      await warnOfGlobalSetup(deps)
      for (const error of await sync(deps, names, target, flags)) {
        context.reporter.error(error, deps.env.debug)
        context.exitWith(1)
      }
    })
}

/** Resolves to what failed with --all; the failure of one VM that was named is thrown. */
const sync = async (
  deps: Deps,
  names: readonly string[],
  target: Target | undefined,
  { wait, jobs }: Flags,
): Promise<readonly unknown[]> => {
  if (target === undefined) {
    const { syncAll } = await import('../../tasks/sync-all.ts')
    return syncAll(deps, names, { wait, jobs })
  }
  const { syncVm } = await import('../../tasks/sync.ts')
  await syncVm(deps, target.vm, { wait, project: target.project })
  return []
}

const withJson = async (
  context: CliContext,
  deps: Deps,
  names: readonly string[],
  target: Target | undefined,
  flags: Flags,
): Promise<void> => {
  const { withEvents } = await import('../events.ts')
  const { warnOfGlobalSetup } = await import('../../tasks/global-setup.ts')
  await withEvents(
    deps,
    (line) => context.reporter.print(line),
    async (events) => {
      await warnOfGlobalSetup(events.deps)
      const failures = await sync(events.deps, names, target, flags)
      for (const error of failures) events.error(error)
      if (failures.length > 0) context.exitWith(1)
      events.result({ ready: names.length - failures.length, failed: failures.length })
    },
  )
}
