// A run as data: ordered steps with titles, skip reasons and undo. How they are shown is the CLI's business.

/** How a step tells what it is doing. */
export interface StepVoice {
  /** What is happening right now; replaces the last such text. Percent where the tool gives it. */
  progress(text: string, percent?: number): void
  /** One line that stays, for example why something is repaired. */
  note(text: string): void
}

export interface Step {
  /** Imperative, for example "Build the image". */
  readonly title: string
  /** A reason not to run, decided when its turn comes. */
  readonly skip?: () => string | undefined
  readonly run: (voice: StepVoice) => Promise<void>
  /** Asked when it has failed. True: the steps after it run all the same, and the run fails at its end. */
  readonly goOn?: () => boolean
  /** Takes back what this step made; runs in reverse order when a step fails, and on interruption. */
  readonly undo?: () => Promise<void>
}

/** Runs independent steps, so many at a time, and shows them; resolves to the failures. None stops the others, and none is undone. */
export type RunSideBySide = (steps: readonly Step[], limit: number) => Promise<readonly unknown[]>

/** Runs steps in order and shows them; rejects with the first failure after everything was undone. See attempt-steps.ts. */
export type RunSteps = (steps: readonly Step[]) => Promise<void>
