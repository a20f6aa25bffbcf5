// When a request is worth a second try, and how long to wait. p-retry does the loop, the backoff and the abort.
import { setTimeout } from 'node:timers/promises'
import pRetry from 'p-retry'
import { DvmError } from '../../core/errors.ts'

export interface RetryPolicy {
  readonly retries: number
  readonly minDelayMs: number
  readonly maxDelayMs: number
  /** The longest Retry-After that is waited for; a longer one fails at once. */
  readonly maxWaitMs: number
  /** No new try starts after this long. */
  readonly maxTotalMs: number
}

export const defaultRetryPolicy: RetryPolicy = {
  retries: 4,
  minDelayMs: 500,
  maxDelayMs: 8_000,
  maxWaitMs: 30_000,
  maxTotalMs: 90_000,
}

/** A failure that may pass by itself, with how long the server asked to wait. */
export class Passing extends Error {
  readonly failure: DvmError
  readonly retryAfterMs: number | undefined

  constructor(failure: DvmError, retryAfterMs?: number) {
    super(failure.message)
    this.failure = failure
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * Runs `attempt` again while it throws `Passing`, with exponential backoff and jitter, at least as long apart as Retry-After asks.
 * @throws what the last attempt failed with; the signal's reason when aborted, at once.
 */
export const retrying = async <T>(
  attempt: () => Promise<T>,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<T> => {
  try {
    return await pRetry(attempt, {
      signal,
      retries: policy.retries,
      minTimeout: policy.minDelayMs,
      maxTimeout: policy.maxDelayMs,
      maxRetryTime: policy.maxTotalMs,
      randomize: true,
      shouldRetry: async ({ error, retryDelay }) => {
        if (!(error instanceof Passing)) return false
        const asked = error.retryAfterMs ?? 0
        if (asked > policy.maxWaitMs) return false
        // p-retry then waits retryDelay itself; together that is what the server asked for, or more.
        if (asked > retryDelay) await setTimeout(asked - retryDelay, undefined, { signal })
        return true
      },
    })
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof Passing)) throw error
    const { failure, retryAfterMs = 0 } = error
    if (retryAfterMs <= policy.maxWaitMs) throw failure
    const seconds = Math.ceil(retryAfterMs / 1000)
    throw new DvmError(failure.code, `${failure.message}; it asks to wait ${seconds} s`, {
      hint: failure.hint,
      cause: failure,
    })
  }
}
