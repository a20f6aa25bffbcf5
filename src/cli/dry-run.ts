// `dvm sync --dry-run`: what a sync of each VM would run. One VM whose configuration is wrong does not hide the others.
import { DvmError } from '../core/errors.ts'
import type { Deps } from '../tasks/deps.ts'
import type { DryRun } from '../tasks/plan-sync.ts'
import type { CliContext } from './context.ts'
import { tilde } from './reporter.ts'

interface Asked {
  readonly names: readonly string[]
  /** One VM was named: its failure is the command's. */
  readonly one: boolean
  readonly project: string | undefined
  readonly json: boolean
}

export const printPlans = async (
  context: CliContext,
  deps: Deps,
  { names, one, project, json }: Asked,
): Promise<void> => {
  const { reporter } = context
  const { dryRunSync } = await import('../tasks/plan-sync.ts')
  for (const vm of names) {
    try {
      const plan = await dryRunSync(deps, vm, project)
      const lines = json ? [JSON.stringify(plan)] : linesOf(plan, deps.env.home)
      for (const line of lines) reporter.print(line)
    } catch (error) {
      deps.signal.throwIfAborted()
      if (!(error instanceof DvmError)) throw error
      const { message, hint, exitCode } = error
      if (json) reporter.print(JSON.stringify({ vm, error: { message, hint, exitCode } }))
      if (one) throw error
      reporter.error(error.with({ message: `${vm}: ${message}` }), deps.env.debug)
      context.exitWith(1)
    }
  }
}

const linesOf = ({ vm, base, commands, setup, projects }: DryRun, home: string): readonly string[] => [
  `VM: ${vm}`,
  `base: ${tilde(base, home)}`,
  ...commands.map((command) => `would run: ${command}`),
  `setup script: ${setup ?? '<none>'}`,
  ...projects.map(({ name, image }) => `project: ${name} (${image})`),
]
