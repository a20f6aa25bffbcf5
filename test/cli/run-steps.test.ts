// Steps as they are drawn on a terminal.
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import test from 'node:test'
import { createStepRunner, drawsInPlace } from '../../src/cli/run-steps.ts'

test('a step that fails keeps its title; what is wrong is told afterwards, by whoever catches it', async () => {
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
  const runSteps = createStepRunner(
    terminal as unknown as NodeJS.WriteStream,
    true,
    new AbortController().signal,
  )
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
  const text = stripVTControlCharacters(drawn)
  assert.match(text, /✖ Create app/)
  assert.doesNotMatch(text, /no space left/)
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
