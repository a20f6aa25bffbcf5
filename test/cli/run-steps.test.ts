// Steps as they are drawn on a terminal.
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import test from 'node:test'
import { createStepRunner, drawsInPlace } from '../../src/cli/run-steps.ts'
import type { Step } from '../../src/tasks/steps.ts'

const recorder = () => {
  let drawn = ''
  const terminal = Object.assign(
    new Writable({
      write: (chunk: Buffer, _, done) => {
        drawn += chunk.toString()
        done()
      },
    }),
    { isTTY: true, columns: 100, rows: 40 },
  )
  return { stderr: terminal as unknown as NodeJS.WriteStream, drawn: () => stripVTControlCharacters(drawn) }
}

/** Draws as on a terminal: listr2 looks at this process's own. */
const drawing = async (steps: readonly Step[]): Promise<string> => {
  const { stderr, drawn } = recorder()
  const { isTTY } = process.stdout
  process.stdout.isTTY = true
  try {
    await createStepRunner(stderr, true, new AbortController().signal)(steps)
  } finally {
    process.stdout.isTTY = isTTY
  }
  return drawn()
}

test('a step that fails keeps its title; what is wrong is told afterwards, by whoever catches it', async () => {
  const { stderr, drawn } = recorder()
  const runSteps = createStepRunner(stderr, true, new AbortController().signal)
  const steps = [
    { title: 'Create app', run: () => Promise.reject(new Error('no space left')) },
    { title: 'Prepare app', run: () => Promise.resolve() },
  ]
  // What listr2 goes by.
  const { isTTY } = process.stdout
  process.stdout.isTTY = true
  try {
    await assert.rejects(runSteps(steps), /no space left/)
  } finally {
    process.stdout.isTTY = isTTY
  }
  assert.match(drawn(), /✖ Create app/)
  assert.doesNotMatch(drawn(), /no space left/)
})

test('on a terminal a running step has its phase, percent and time beside it', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const text = await drawing([
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
  const { stderr, drawn } = recorder()
  await createStepRunner(
    stderr,
    false,
    new AbortController().signal,
  )([
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
    { title: 'Publish', run: () => Promise.resolve() },
  ])
  assert.equal(
    drawn().replaceAll('0.0 s', '…'),
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
