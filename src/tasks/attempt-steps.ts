// What every way of showing steps has in common: which failure ends a run, which one is kept for its end, and what is taken back.
import type { Step, StepVoice } from './steps.ts'

/** Runs one step; rejects when it fails, so that this is shown. */
export type Attempt = (step: Step, voice: StepVoice) => Promise<void>

export interface Attempts {
  readonly attempt: Attempt
  /** True after a failure that ends the run: what comes after it is not begun. */
  readonly isOver: () => boolean
}

/**
 * Has the steps shown, one after the other. When one failed, what they made is taken back, the last one first.
 * @throws the first failure
 */
export const attemptSteps = async (
  signal: AbortSignal,
  show: (attempts: Attempts) => Promise<void>,
): Promise<void> => {
  const begun: Step[] = []
  const failures: unknown[] = []
  let over = false
  const attempt: Attempt = async (step, voice) => {
    try {
      signal.throwIfAborted()
      begun.push(step)
      await step.run(voice)
      signal.throwIfAborted()
    } catch (error) {
      failures.push(error)
      if (signal.aborted || step.goOn?.() !== true) over = true
      throw error
    }
  }
  // A terminal that is gone is a failure as well.
  await show({ attempt, isOver: () => over }).catch((error: unknown) => failures.push(error))
  if (failures.length === 0) return
  for (const step of begun.toReversed()) await step.undo?.()
  throw failures[0]
}
