// Steps inside a step: their story becomes the outer step's, so that several runs can be shown side by side.
import { attemptSteps } from './attempt-steps.ts'
import type { RunSteps, StepVoice } from './steps.ts'

/** Runs steps in order, taking back what they made when one fails. */
export const nestedIn =
  (voice: StepVoice, signal: AbortSignal): RunSteps =>
  (steps) =>
    attemptSteps(signal, async ({ attempt, isOver }) => {
      for (const step of steps) {
        if (isOver()) return
        if (step.skip?.() !== undefined) continue
        voice.progress(step.title)
        const own: StepVoice = {
          progress: (text, percent) => voice.progress(`${step.title}: ${text}`, percent),
          note: (text) => voice.note(text),
        }
        await attempt(step, own).catch(() => undefined)
      }
    })
