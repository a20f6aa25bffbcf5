// What ends a run of steps, and what is taken back then.
import assert from 'node:assert/strict'
import test from 'node:test'
import { attemptSteps } from '../../src/tasks/attempt-steps.ts'
import { nestedIn } from '../../src/tasks/nested-steps.ts'
import type { Step } from '../../src/tasks/steps.ts'

const setUp = () => {
  const done: string[] = []
  const step = (title: string, more: Partial<Step> = {}): Step => ({
    title,
    run: () => Promise.resolve(void done.push(title)),
    undo: () => Promise.resolve(void done.push(`undo ${title}`)),
    ...more,
  })
  const failing = (title: string, more: Partial<Step> = {}): Step =>
    step(title, { run: () => Promise.reject(new Error(title)), ...more })
  const voice = { progress: () => undefined, note: () => undefined }
  return { done, step, failing, voice }
}
const goOn = (): boolean => true

test('a failure ends a run, unless it concerns no other step; the first one is the run’s', async () => {
  const { done, step, failing, voice } = setUp()
  const run = nestedIn(voice, new AbortController().signal)
  const steps = [step('a'), failing('b', { goOn }), step('c'), failing('d'), step('e')]
  await assert.rejects(run(steps), /^Error: b$/)
  assert.deepEqual(done, ['a', 'c', 'undo d', 'undo c', 'undo b', 'undo a'])
})

test('an interruption ends it, whatever a step says', async () => {
  const { done, step, voice } = setUp()
  const abort = new AbortController()
  const interrupted = step('a', {
    run: () => Promise.resolve(abort.abort(new Error('interrupted'))),
    goOn,
  })
  await assert.rejects(nestedIn(voice, abort.signal)([interrupted, step('b')]), /interrupted/)
  assert.deepEqual(done, ['undo a'])
})

test('what cannot be shown any more is taken back as well', async () => {
  const { done, step, voice } = setUp()
  const showing = attemptSteps(new AbortController().signal, async ({ attempt }) => {
    await attempt(step('a'), voice)
    throw new Error('the terminal is gone')
  })
  await assert.rejects(showing, /the terminal is gone/)
  assert.deepEqual(done, ['a', 'undo a'])
})
