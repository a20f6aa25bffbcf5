// Steps inside a step: their story becomes the outer step's, so that several runs can be shown side by side.
import type { RunSteps, StepVoice } from './steps.ts'

/** Runs steps in order, taking back what they made when one fails. */
export const nestedIn =
  (voice: StepVoice, signal: AbortSignal): RunSteps =>
  async (steps) => {
    const begun: (typeof steps)[number][] = []
    try {
      for (const step of steps) {
        if (step.skip?.() !== undefined) continue
        signal.throwIfAborted()
        begun.push(step)
        voice.progress(step.title)
        await step.run({
          progress: (text, percent) => voice.progress(`${step.title}: ${text}`, percent),
          note: (text) => voice.note(text),
        })
        signal.throwIfAborted()
      }
    } catch (error) {
      for (const step of begun.toReversed()) await step.undo?.()
      throw error
    }
  }
