// What every command gets: the reporter, and the ports, built only when a command needs them.
import type { Deps } from '../tasks/deps.ts'
import type { Reporter } from './reporter.ts'

export interface CliContext {
  readonly reporter: Reporter
  readonly version: string
  /** Which of the standard streams are terminals. */
  readonly terminal: { readonly stdin: boolean; readonly stdout: boolean; readonly name: string | undefined }
  /** DVM_DRY_RUN is set: nothing may be changed. */
  readonly dryRun: boolean
  /**
   * This run asks Lima which VMs there are: it is asked now, while the rest loads. Resolves before the answer is there.
   * @param check throws what is to be said before Lima is asked; it is given the name of the builder's instance
   */
  asksLima(check?: (builderInstance: string) => unknown): Promise<void>
  /** Builds the ports. Commands that print a fixed text never call it, so they start fast. */
  deps(): Promise<Deps>
  /** Only the files that ship with dvm, whatever is in the environment. */
  assets(): Promise<Deps['assets']>
  /** Only what it takes to look at the host's files, for what must answer while a person types. */
  looking(): Promise<Pick<Deps, 'env' | 'files'>>
  /** This run makes nothing: an interruption has nothing to take back, and nothing to say. */
  onlyLooks(): void
  /** Ends the run with this exit code without it being an error, for example the guest command's own. */
  exitWith(code: number): void
}
