// `--json` of build and sync: what happens as one JSON object a line on stdout, for programs that show it their own way.
import { DvmError, expectedOf, messageOf } from '../core/errors.ts'
import { attemptSteps, type Attempt } from '../tasks/attempt-steps.ts'
import type { Deps } from '../tasks/deps.ts'
import type { Step, StepVoice } from '../tasks/steps.ts'
import { shownJson } from './printable.ts'

/** `at` is milliseconds since the run began. */
export type Event = { readonly at: number } & (
  | { readonly event: 'step'; readonly title: string; readonly state: 'begun' | 'done' | 'failed' }
  | { readonly event: 'step'; readonly title: string; readonly state: 'skipped'; readonly reason: string }
  | { readonly event: 'progress'; readonly title: string; readonly text: string; readonly percent?: number }
  | { readonly event: 'note' | 'warning'; readonly text: string; readonly title?: string }
  | {
      readonly event: 'error'
      readonly message: string
      readonly exitCode: number
      readonly hint?: string
      readonly log?: string
    }
  | { readonly event: 'result'; readonly result: unknown }
)

type Unstamped = Event extends infer Each ? (Each extends Event ? Omit<Each, 'at'> : never) : never

export interface Events {
  /** The same ports, telling events instead of drawing. */
  readonly deps: Deps
  result(result: unknown): void
  error(error: unknown): void
}

/** @param write takes one line without its end */
export const eventsOf = (deps: Deps, write: (line: string) => void): Events => {
  const begun = performance.now()
  const tell = (event: Unstamped): void =>
    write(shownJson({ at: Math.round(performance.now() - begun), ...event }))
  const voiceOf = (title: string): StepVoice => {
    let last = ''
    return {
      progress: (text, percent) => {
        // A program wants to know what changed, not how often a tool says it.
        const line = `${text} ${percent ?? ''}`
        if (line === last) return
        last = line
        tell({ event: 'progress', title, text, ...(percent === undefined ? {} : { percent }) })
      },
      note: (text) => tell({ event: 'note', title, text }),
    }
  }
  const runOne = async (step: Step, attempt: Attempt): Promise<void> => {
    tell({ event: 'step', title: step.title, state: 'begun' })
    try {
      await attempt(step, voiceOf(step.title))
    } catch (error) {
      tell({ event: 'step', title: step.title, state: 'failed' })
      throw error
    }
    tell({ event: 'step', title: step.title, state: 'done' })
  }
  return {
    deps: {
      ...deps,
      report: {
        note: (text) => tell({ event: 'note', text }),
        warn: (text) => tell({ event: 'warning', text }),
      },
      runSteps: (steps) =>
        attemptSteps(deps.signal, async ({ attempt, isOver }) => {
          for (const step of steps) {
            if (isOver()) return
            const reason = step.skip?.()
            if (reason === undefined) await runOne(step, attempt).catch(() => undefined)
            else tell({ event: 'step', title: step.title, state: 'skipped', reason })
          }
        }),
      runSideBySide: async (steps, limit) => {
        const failures: unknown[] = []
        const waiting = [...steps]
        const attempt: Attempt = async (step, voice) => {
          deps.signal.throwIfAborted()
          await step.run(voice)
          deps.signal.throwIfAborted()
        }
        const worker = async (): Promise<void> => {
          for (let step = waiting.shift(); step !== undefined; step = waiting.shift())
            await runOne(step, attempt).catch((error: unknown) => failures.push(error))
        }
        await Promise.all(Array.from({ length: Math.min(limit, steps.length) }, worker))
        return failures
      },
    },
    result: (result) => tell({ event: 'result', result }),
    error: (error) => {
      const { message, exitCode, hint, logFile } = expectedOf(error) ?? new DvmError('bug', messageOf(error))
      tell({
        event: 'error',
        message,
        exitCode,
        ...(hint === undefined ? {} : { hint }),
        ...(logFile === undefined ? {} : { log: logFile }),
      })
    },
  }
}

/** Runs a command with events; its failure is an event as well, and still the command's. */
export const withEvents = async (
  deps: Deps,
  write: (line: string) => void,
  action: (events: Events) => Promise<void>,
): Promise<void> => {
  const events = eventsOf(deps, write)
  try {
    await action(events)
  } catch (error) {
    if (!deps.signal.aborted) events.error(error)
    throw error
  }
}
