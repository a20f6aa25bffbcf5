// Runs checks side by side. None can hold up the others, and none can bring the command down.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../core/errors.ts'
import { clean, findingOf, warning, type Finding } from '../../core/finding.ts'
import type { HostFacts } from '../../ports/host-facts.ts'
import type { Deps } from '../deps.ts'

/** What a check looks at. All that it starts ends with it. */
export interface View {
  readonly deps: Deps
  readonly facts: HostFacts
  /** What ports warned of while the check ran. */
  readonly warned: readonly string[]
}

export interface Check {
  readonly name: string
  /** Milliseconds */
  readonly limit?: number
  run(view: View): Promise<readonly Finding[]>
  /** What it means that there was no answer in time; a warning when left out. */
  late?(seconds: number): readonly Finding[]
}

/** What `look` finds, or its failure as a finding. One that dvm has no words for goes on its way. */
export const tell = async (
  name: string,
  look: () => Promise<Finding>,
  state: 'warning' | 'problem' = 'problem',
): Promise<Finding> => {
  try {
    return await look()
  } catch (error) {
    const finding = findingOf(name, state, error)
    if (finding === undefined) throw error
    return finding
  }
}

const usualLimit = 10_000

const withoutAnswer = (name: string, seconds: number): Finding =>
  warning(
    name,
    `no answer within ${seconds} s`,
    'run dvm doctor again; if it stays so, something there hangs',
  )

const broken = (name: string, error: unknown): Finding =>
  findingOf(name, 'warning', error) ??
  warning(name, `could not be checked: ${messageOf(error)}`, 'please report it, with what dvm doctor printed')

/** @throws only what the run was aborted with. */
const runCheck = async (deps: Deps, check: Check): Promise<readonly Finding[]> => {
  const over = new AbortController()
  const warned: string[] = []
  const until = AbortSignal.any([deps.signal, over.signal])
  const report = { note: () => undefined, warn: (line: string) => void warned.push(line) }
  const limit = check.limit ?? usualLimit
  const work = async (): Promise<readonly Finding[]> => {
    const apart = deps.apart(until, report)
    return check.run({ deps: apart, facts: await apart.facts(), warned })
  }
  try {
    const found = await Promise.race([work(), sleep(limit, undefined, { signal: until })])
    return found ?? check.late?.(limit / 1000) ?? [withoutAnswer(check.name, limit / 1000)]
  } catch (error) {
    deps.signal.throwIfAborted()
    return [broken(check.name, error)]
  } finally {
    // Ends the clock, or what still runs.
    over.abort()
  }
}

/** The findings in the order of the checks, however they end. */
export const runChecks = async (
  deps: Deps,
  checks: readonly Check[],
  atOnce = 32,
): Promise<readonly Finding[]> => {
  const found: (readonly Finding[])[] = []
  const waiting = checks.entries()
  const worker = async (): Promise<void> => {
    for (const [position, check] of waiting) found[position] = await runCheck(deps, check)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, checks.length) }, worker))
  deps.signal.throwIfAborted()
  return found.flat().map(clean)
}
