// Builds the ports once, from the environment and the abort signal. Part of the composition root, loaded only when needed.
import type { Environment } from './core/environment.ts'
import type { Reporter } from './cli/reporter.ts'
import type { Deps } from './tasks/deps.ts'

export interface Composition {
  readonly env: Environment
  /** The environment as it is, for child processes. */
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly reporter: Reporter
  readonly version: string
}

export const compose = (composition: Composition): Deps => ({
  env: composition.env,
  report: composition.reporter,
  signal: composition.signal,
})
