// Steps as they are drawn on a terminal.
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import test from 'node:test'
import { createStepRunner, drawsInPlace } from '../../src/cli/run-steps.ts'
import type { Step } from '../../src/tasks/steps.ts'

/** What is written on stderr for these steps, on a terminal or elsewhere. */
const drawn = async (
  steps: readonly Step[],
  live = true,
): Promise<{ readonly text: string; readonly error: unknown }> => {
  let written = ''
  const terminal = Object.assign(
    new Writable({
      write: (chunk: Buffer, _, done) => {
        written += chunk.toString()
        done()
      },
    }),
    { isTTY: true, columns: 100, rows: 40 },
  )
  const runSteps = createStepRunner(
    terminal as unknown as NodeJS.WriteStream,
    live,
    new AbortController().signal,
  )
  // What listr2 goes by.
  const { isTTY } = process.stdout
  process.stdout.isTTY = true
  try {
    const error = await runSteps(steps).then(
      () => undefined,
      (failure: unknown) => failure,
    )
    return { text: stripVTControlCharacters(written), error }
  } finally {
    process.stdout.isTTY = isTTY
  }
}
const failing = (why: string) => (): Promise<void> => Promise.reject(new Error(why))
const fine = (): Promise<void> => Promise.resolve()

test('a step that fails keeps its title; what is wrong is told afterwards, by whoever catches it', async () => {
  const { text, error } = await drawn([
    { title: 'Create app', run: failing('no space left') },
    { title: 'Prepare app', run: fine },
  ])
  assert.match(String(error), /no space left/)
  assert.match(text, /✖ Create app/)
  assert.doesNotMatch(text, /no space left|✔|Prepare app \[/)
})

test('after a failure that concerns no other step the rest are run and drawn; the first is the run’s', async () => {
  const undone: string[] = []
  const undo = (title: string) => (): Promise<void> => Promise.resolve(void undone.push(title))
  const goOn = (): boolean => true
  const { text, error } = await drawn([
    { title: 'Prepare app', run: fine, undo: undo('Prepare app') },
    { title: 'Project api', run: failing('one'), goOn },
    { title: 'Project web', run: fine, goOn, undo: undo('Project web') },
    { title: 'Project x', run: failing('two'), goOn: () => false },
    { title: 'Project y', run: fine, undo: undo('Project y') },
  ])
  assert.match(String(error), /one/)
  for (const line of ['✔ Prepare app', '✖ Project api', '✔ Project web', '✖ Project x'])
    assert.ok(text.includes(line), line)
  assert.doesNotMatch(text, /✔ Project y/)
  assert.deepEqual(undone, ['Project web', 'Prepare app'])
})

test('on a terminal a running step has its phase, percent and time beside it', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { text } = await drawn([
    {
      title: 'Fetch the disk',
      run: (voice) => {
        voice.progress('copying', 40)
        t.mock.timers.tick(1000)
        return Promise.resolve()
      },
    },
  ])
  assert.match(text, /Fetch the disk \[\d+s\]/)
  assert.match(text, /40 % copying/)
})

test('elsewhere a step is a line, and a long one says every minute that it goes on', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { text } = await drawn(
    [
      {
        title: 'Build',
        run: (voice) => {
          t.mock.timers.tick(60_000)
          voice.note('because')
          voice.progress('STEP 2/3: RUN make', 66)
          t.mock.timers.tick(59_999)
          t.mock.timers.tick(1)
          return Promise.resolve()
        },
      },
      { title: 'Publish', run: fine },
    ],
    false,
  )
  assert.equal(
    text.replaceAll('0.0 s', '…'),
    [
      '  … Build: …',
      '  because',
      '  … Build: …, 66 % STEP 2/3: RUN make',
      '✔ Build (…)',
      '✔ Publish (…)',
      '',
    ].join('\n'),
  )
})

test('steps are drawn in place only where all of it is a terminal that may be drawn on', () => {
  const terminal = { isTTY: true, columns: 100 }
  const plain = { color: true, verbose: false }
  assert.equal(drawsInPlace(terminal, terminal, plain), true)
  assert.equal(drawsInPlace({}, terminal, plain), false, 'dvm sync app > file')
  assert.equal(drawsInPlace(terminal, {}, plain), false)
  assert.equal(drawsInPlace(terminal, { isTTY: true, columns: 0 }, plain), false)
  assert.equal(drawsInPlace(terminal, terminal, { color: false, verbose: false }), false)
  assert.equal(drawsInPlace(terminal, terminal, { color: true, verbose: true }), false)
})
