// Shows steps while they run: one living line a step on a terminal, one plain line a step elsewhere. All on stderr.
import { attemptSteps, type Attempt, type Attempts } from '../tasks/attempt-steps.ts'
import type { RunSideBySide, RunSteps, Step, StepVoice } from '../tasks/steps.ts'
import { shown, shownOfTool } from './printable.ts'
import type { Output } from './reporter.ts'

/** A failed step is shown as such, and nothing more: whoever attempts it keeps why. */
type Show = (steps: readonly Step[], attempts: Attempts) => Promise<void>

interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
}

/**
 * Whether steps are drawn in place. Not on a terminal that does not say how wide it is. And not when stdout leads elsewhere
 * (`dvm sync app | tee log`): listr2 looks at stdout, and would write its own plain lines there.
 */
export const drawsInPlace = (
  stdout: Terminal,
  stderr: Terminal,
  env: { readonly color: boolean; readonly verbose: boolean },
): boolean =>
  stdout.isTTY === true && stderr.isTTY === true && (stderr.columns ?? 0) >= 40 && env.color && !env.verbose

/**
 * `live`: stderr is a terminal that takes cursor movement.
 * When a step fails or the run is interrupted, what the steps made is taken back, the last one first.
 */
export const createStepRunner = (
  stderr: NodeJS.WriteStream,
  live: boolean,
  signal: AbortSignal,
): RunSteps => {
  const show: Show = live ? showLive(stderr) : showPlain(stderr)
  return (steps) => attemptSteps(signal, (attempts) => show(steps, attempts))
}

/** The same for independent steps. A failure is kept for later: its words would meet the others' lines. */
export const createSideBySideRunner =
  (stderr: NodeJS.WriteStream, live: boolean, signal: AbortSignal): RunSideBySide =>
  async (steps, limit) => {
    const failures: unknown[] = []
    const attempt: Attempt = async (step, voice) => {
      try {
        signal.throwIfAborted()
        await step.run(voice)
      } catch (error) {
        failures.push(error)
        throw error
      }
    }
    const attempts: Attempts = { attempt, isOver: () => false }
    if (live) await showLive(stderr, limit)(steps, attempts)
    else {
      const waiting = [...steps]
      const worker = async (): Promise<void> => {
        for (let step = waiting.shift(); step !== undefined; step = waiting.shift())
          await showPlain(stderr)([step], attempts)
      }
      await Promise.all(Array.from({ length: Math.min(limit, steps.length) }, worker))
    }
    return failures
  }

/** So often a long step says that it goes on: who reads a log, and what kills jobs that are silent, should know. */
const signOfLifeMs = 60_000

const showPlain =
  (stderr: Output): Show =>
  async (steps, { attempt, isOver }) => {
    const line = (text: string): void => void stderr.write(`${shown(text)}\n`)
    for (const step of steps) {
      if (isOver()) return
      const reason = step.skip?.()
      if (reason !== undefined) {
        line(`- ${step.title}: skipped (${reason})`)
        continue
      }
      const start = performance.now()
      let latest = ''
      const sign = setInterval(
        () => line(`  … ${step.title}: ${elapsed(start)}${latest === '' ? '' : `, ${latest}`}`),
        signOfLifeMs,
      )
      const voice: StepVoice = {
        progress: (text, percent) => {
          latest = shownOfTool(worded(text, percent)).slice(0, 100)
        },
        note: (text) => line(`  ${text}`),
      }
      const mark = await attempt(step, voice)
        .then(
          () => '✔',
          () => '✖',
        )
        .finally(() => clearInterval(sign))
      line(`${mark} ${step.title} (${elapsed(start)})`)
    }
  }

const worded = (text: string, percent: number | undefined): string =>
  percent === undefined ? text : `${percent} % ${text}`

const elapsed = (start: number): string => {
  const seconds = (performance.now() - start) / 1000
  return seconds < 60
    ? `${seconds.toFixed(1)} s`
    : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}

/** As listr2 writes it. */
const clock = (start: number): string => {
  const seconds = Math.floor((performance.now() - start) / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}

/** With a limit the steps are independent: they run side by side. */
const showLive =
  (stderr: NodeJS.WriteStream, limit?: number): Show =>
  async (steps, { attempt, isOver }) => {
    const { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } = await import('listr2')
    const logger = new ListrLogger({ processOutput: new ProcessOutput(stderr, stderr) })
    const list = new Listr(
      steps.map((step) => ({
        title: step.title,
        // What is not begun any more is not drawn either.
        enabled: () => !isOver(),
        skip: () => step.skip?.() ?? false,
        task: async (_: unknown, task: { title: string | undefined; output: string | null }) => {
          // The list itself tells the time only of steps that are over.
          const start = performance.now()
          let title = step.title
          const tick = setInterval(() => {
            task.title = `${title} [${clock(start)}]`
          }, 1000)
          try {
            await attempt(step, {
              progress: (text, percent) => {
                task.output = shownOfTool(worded(text, percent))
              },
              note: (text) => {
                title = `${step.title} (${shown(text)})`
                task.title = title
              },
            })
          } finally {
            clearInterval(tick)
            task.title = title
          }
        },
      })),
      {
        registerSignalListeners: false,
        exitOnError: false,
        ...(limit === undefined ? {} : { concurrent: limit }),
        // A failure is told whole afterwards; its step keeps its title.
        // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the default renderer types its logger more narrowly than its documentation
        rendererOptions: { logger, timer: PRESET_TIMER, showErrorMessage: false },
      },
    )
    await list.run()
  }
