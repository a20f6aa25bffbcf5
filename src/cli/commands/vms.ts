// `dvm ls`, `dvm stop`, `dvm rm`
import type { Command } from 'commander'
import { DvmError } from '../../core/errors.ts'
import { checkVmName } from '../../core/names.ts'
import { sizeText } from '../../core/sizes.ts'
import { parseTarget, targetText, type ProjectTarget, type Target } from '../../core/target.ts'
import type { Deps } from '../../tasks/deps.ts'
import type { CliContext } from '../context.ts'
import { tilde, tildes } from '../reporter.ts'

export const registerLs = (program: Command, context: CliContext): void => {
  program
    .command('ls')
    .description('list VMs (what dvm does without a command)')
    .argument('[vm]', 'list the projects of this VM')
    .option('--only-config', 'only VMs (or projects) that have a configuration')
    .option('--json', 'one JSON array')
    .action(async (vm: string | undefined, flags: { onlyConfig?: true; json?: true }) => {
      await context.asksLima((builder) => vm === undefined || checkVmName(vm, builder, ofItsVm))
      if (vm !== undefined) return listProjectsOf(context, vm, flags)
      const { listVms, unmadeVms } = await import('../../tasks/list-vms.ts')
      const deps = await context.deps()
      const rows = await listVms(deps, { onlyConfigured: flags.onlyConfig ?? false })
      if (flags.json) return context.reporter.json(rows)
      const unmade = await unmadeVms(deps, rows)
      if (unmade.length > 0)
        context.reporter.note(
          `configured, not made yet: ${unmade.join(', ')}; to make it: dvm sync ${unmade[0]}`,
        )
      else if (rows.length === 0) context.reporter.note('no VMs yet: dvm new NAME, then dvm sync NAME')
      // A column of nothing but `-` would be in everybody's way who has no dev-base.
      const withDevBase = rows.some(({ devBase }) => devBase !== null)
      context.reporter.table(
        ['VM', 'STATE', 'CPUS', 'MEMORY', 'DISK', 'PROJECTS', 'BASE', ...(withDevBase ? ['DEV-BASE'] : [])],
        rows.map((row) => [
          row.name,
          row.state,
          String(row.cpus || '-'),
          known(row.memory),
          row.diskUsed === null ? known(row.disk) : `${sizeText(row.diskUsed)} of ${known(row.disk)}`,
          row.projects.length === 0 ? '-' : String(row.projects.length),
          hashText(row.generation, row.behind),
          ...(withDevBase ? [hashText(row.devBase, row.devBaseBehind)] : []),
        ]),
      )
      for (const { name, drift } of rows)
        if (drift.length > 0)
          context.reporter.note(
            `${name} keeps what it was created with: ${drift.join(', ')}; to change it: dvm recreate ${name} --yes`,
          )
      for (const { name, devBaseBehind } of rows)
        if (devBaseBehind)
          context.reporter.note(`the dev-base in ${name} is behind base/dev: dvm sync ${name}`)
    })
}

const ofItsVm = ({ vm }: { readonly vm: string }): string => `dvm ls ${vm}`

/** As short as it is still one of a kind. */
const hashText = (hash: string | null, behind: boolean): string =>
  hash === null ? '-' : `${hash.slice(0, 12)}${behind ? ' (behind)' : ''}`

/** Lima says 0 of what it cannot read. */
const known = (bytes: number): string => (bytes === 0 ? '-' : sizeText(bytes))

const listProjectsOf = async (
  context: CliContext,
  vm: string,
  flags: { readonly onlyConfig?: true; readonly json?: true },
): Promise<void> => {
  const deps = await context.deps()
  checkVmName(vm, deps.env.builder.instance, ofItsVm)
  const { listProjects } = await import('../../tasks/project-actions.ts')
  const rows = (await listProjects(deps, vm)).filter((row) => row.configured || !flags.onlyConfig)
  if (flags.json) return context.reporter.json(rows)
  if (rows.length === 0) {
    const { isConfigured } = await import('../../tasks/list-vms.ts')
    const add = `dvm add ${vm}/NAME, then dvm sync ${vm}`
    context.reporter.note(
      `no projects yet: ${(await isConfigured(deps, vm)) ? '' : `dvm new ${vm}, then `}${add}`,
    )
  }
  context.reporter.table(
    ['PROJECT', 'STATE', 'IMAGE'],
    rows.map(({ name, state, image, drift, problem }) => [
      name,
      problem !== undefined ? `${state} (wrong)` : drift.length === 0 ? state : `${state} (changed)`,
      image ?? '-',
    ]),
  )
  for (const { name, problem } of rows)
    if (problem !== undefined) context.reporter.warn(`${vm}/${name}: ${tildes(problem)}`)
  for (const { name, drift } of rows)
    if (drift.length > 0)
      context.reporter.note(
        `${vm}/${name} keeps what its container was made with: ${drift.join(', ')}; to change it: dvm reset ${vm}/${name} --yes --keep-data`,
      )
}

export const registerStop = (program: Command, context: CliContext): void => {
  program
    .command('stop')
    .description('stop a VM or a project; its contents stay')
    .argument('[vm/project]', 'the VM, or VM/PROJECT')
    .option('--all', 'every VM; the builder is left alone')
    .option('--only-config', 'with --all: only VMs that have a configuration')
    .action(async (vm: string | undefined, flags: { all?: true; onlyConfig?: true }) => {
      if ((vm === undefined) !== (flags.all ?? false))
        throw new DvmError('usage', 'name one VM, or use --all', { hint: 'dvm stop VM' })
      const deps = await context.deps()
      const target = vm === undefined ? undefined : parseTarget(vm, deps.env.builder.instance)
      if (target?.project !== undefined) {
        const { stopProject } = await import('../../tasks/project-actions.ts')
        const stopped = await stopProject(deps, { vm: target.vm, project: target.project })
        context.reporter.note(`${vm} ${stopped ? 'is stopped' : 'was not running'}`)
        return stopped ? undefined : suggestStop(context, deps, target)
      }
      const { stopVm, stoppableVms } = await import('../../tasks/vms.ts')
      const names =
        vm === undefined ? await stoppableVms(deps, { onlyConfigured: flags.onlyConfig ?? false }) : [vm]
      for (const name of names) {
        try {
          const stopped = await stopVm(deps, name)
          context.reporter.note(`${name} ${stopped === 'stopped' ? 'is stopped' : 'was not running'}`)
          if (stopped === 'missing' && target !== undefined) await suggestStop(context, deps, target)
        } catch (error) {
          // With --all, one VM's failure does not keep the others running.
          if (vm !== undefined || deps.signal.aborted) throw error
          context.reporter.error(error, deps.env.debug)
          context.exitWith(1)
        }
      }
    })
}

/** Nothing to stop is no error, but it may be a slip. */
const suggestStop = async (context: CliContext, deps: Deps, target: Target): Promise<void> => {
  const { meant } = await import('../../tasks/known-names.ts')
  suggest(context, await meant(deps, target, (near) => `dvm stop ${targetText(near)}`))
}

/** As below an error. */
const suggest = (context: CliContext, meant: string | undefined): void => {
  if (meant !== undefined) context.reporter.note(`  try: ${meant}`)
}

export const registerRm = (program: Command, context: CliContext): void => {
  program
    .command('rm')
    .description('remove a VM and everything in it, or a project')
    .argument('<vm/project>', 'the VM, or VM/PROJECT')
    .option('--yes', 'confirm')
    .option('--force', 'lose git work that was not committed or pushed')
    .option('--keep-data', "of a project: keep its workspace's volume")
    .option('--config', 'remove its configuration as well')
    .action(async (vm: string, flags: RmFlags) => {
      const deps = await context.deps()
      const { project, ...of } = parseTarget(vm, deps.env.builder.instance)
      if (project !== undefined) return removeOneProject(context, { vm: of.vm, project }, flags)
      if (flags.keepData)
        throw new DvmError(
          'usage',
          '--keep-data keeps the workspace of a project, and a VM has none itself',
          {
            hint: `dvm rm ${vm}/PROJECT --yes --keep-data`,
          },
        )
      const { removeVm } = await import('../../tasks/vms.ts')
      const removed = await removeVm(deps, vm, {
        yes: flags.yes ?? false,
        force: flags.force ?? false,
        config: flags.config ?? false,
      })
      if (removed.instance) context.reporter.note(`${vm} is removed`)
      else context.reporter.print(noInstance(vm))
      suggest(context, removed.meant)
      if (removed.configRemains)
        context.reporter.warn(configRemains(vm, tilde(removed.configDirectory, deps.env.home)))
    })
}

/** On stdout: whoever removes by script reads there that there was nothing. */
const noInstance = (vm: string): string => `no Lima instance: ${vm}`

const configRemains = (name: string, directory: string): string =>
  `config remains in ${directory} (dvm rm ${name} --yes --config removes it)`

interface RmFlags {
  readonly yes?: true
  readonly force?: true
  readonly keepData?: true
  readonly config?: true
}

const removeOneProject = async (
  context: CliContext,
  target: ProjectTarget,
  flags: RmFlags,
): Promise<void> => {
  const { removeProject } = await import('../../tasks/project-actions.ts')
  const deps = await context.deps()
  const name = targetText(target)
  const removed = await removeProject(deps, target, {
    yes: flags.yes ?? false,
    force: flags.force ?? false,
    keepData: flags.keepData ?? false,
    config: flags.config ?? false,
  })
  if (removed.found === 'container')
    context.reporter.note(`${name} is removed${flags.keepData ? '; its workspace is kept' : ''}`)
  else if (removed.found === 'vm') context.reporter.note(`${name} had no container`)
  else context.reporter.print(noInstance(target.vm))
  suggest(context, removed.meant)
  if (removed.configRemains)
    context.reporter.warn(configRemains(name, tilde(removed.configDirectory, deps.env.home)))
}
