// How far a copy is: drawn in place on a terminal, and nowhere else.
import assert from 'node:assert/strict'
import test from 'node:test'
import { createReporter } from '../../src/cli/reporter.ts'
import { showProgress } from '../../src/tasks/copy-progress.ts'

const output = (isTTY: boolean) => {
  const written: string[] = []
  return { isTTY, written, write: (text: string) => written.push(text) }
}

test('the last text is replaced, and gone before the next line', () => {
  const stderr = output(true)
  const reporter = createReporter(output(true), stderr, true)
  const { progress } = reporter
  progress?.('1 %')
  progress?.('1 %')
  progress?.('2 %')
  reporter.note('stopping')
  reporter.note('interrupted')
  progress?.('')
  assert.deepEqual(stderr.written, [
    '\r\u001B[K1 %',
    '\r\u001B[K2 %',
    '\r\u001B[K',
    'stopping\n',
    'interrupted\n',
  ])
})

test('nothing moves where stderr is no terminal, or NO_COLOR is set', () => {
  assert.equal(createReporter(output(true), output(false), true).progress, undefined)
  assert.equal(createReporter(output(true), output(true), false).progress, undefined)
})

test('a copy says how far it is until it is over', async () => {
  const shown: string[] = []
  for (const [name, progress, text] of [
    ['big.iso', { done: 512 * 1024, total: 2 * 1024 ** 2 }, 'big.iso: 512 KiB of 2 MiB, 25 %'],
    ['tree', { done: 5 }, 'tree: 5 B'],
    ['x\ny', { done: undefined, total: 9 }, '"x\\ny"'],
  ] as const) {
    const seen = Promise.withResolvers<void>()
    const show = (line: string): void => {
      shown.push(line)
      seen.resolve()
    }
    const result = await showProgress(
      show,
      name,
      () => progress,
      () => seen.promise.then(() => 'done'),
    )
    assert.deepEqual([result, shown.splice(0)], ['done', [text, '']])
  }
  assert.equal(
    await showProgress(
      undefined,
      'x',
      () => assert.fail(),
      () => Promise.resolve(1),
    ),
    1,
  )
})
