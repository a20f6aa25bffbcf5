// What a task may use: ports by their interfaces, the decoded environment, and a way to tell the story.
import type { Environment } from '../core/environment.ts'

/** Where a task says what a person should know. Wording of failures stays in the errors themselves. */
export interface Report {
  /** One line of the story, for example why something is done. */
  note(line: string): void
  /** Something that deserves attention but does not stop the run. */
  warn(line: string): void
}

export interface Deps {
  readonly env: Environment
  readonly report: Report
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
}
