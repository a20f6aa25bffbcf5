// Signals, part of the composition root: the first one asks the run to stop and to take back what it made, the second ends it at once.
import { Interrupted } from './core/errors.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** @param told runs at the first signal, before anything is stopped */
export const abortOnSignals = (told: () => void): AbortSignal => {
  const abort = new AbortController()
  // `on`, not `once`: with once, execa's exit hook would see no other listener and kill dvm before its rollback.
  for (const signal of signals)
    process.on(signal, () => {
      const interrupted = new Interrupted(signal)
      if (abort.signal.aborted) process.exit(interrupted.exitCode)
      told()
      abort.abort(interrupted)
    })
  // Nobody else has a say: when-exit 2.1.5, which conf brings, sends each signal once more, and that would be the second one.
  process.on('newListener', (event, listener: () => void) => {
    if (signals.some((signal) => signal === event)) queueMicrotask(() => process.off(event, listener))
  })
  return abort.signal
}
