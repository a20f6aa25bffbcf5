import assert from 'node:assert/strict'
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { createLogReader } from '../../src/ports/log-reader.ts'
import { temporaryDirectory } from '../support/temporary.ts'

test('reads on from where it was, and from the start of what is a new log', async (t) => {
  const path = join(temporaryDirectory(t), 'x.log')
  const reader = createLogReader(path)
  const more = async (): Promise<string | undefined> => {
    let text = ''
    return (await reader.more((part) => (text += part))) ? text : undefined
  }
  const write = (text: string) => () => writeFileSync(path, text)
  const acts: readonly (readonly [string, () => void, string | undefined])[] = [
    ['is not there', () => undefined, undefined],
    ['is empty', write(''), ''],
    ['has lines', write('one\nzwei ü\n'), 'one\nzwei ü\n'],
    ['has no more', () => undefined, ''],
    ['has more', () => appendFileSync(path, 'three\n'), 'three\n'],
    ['is shorter', write('new\n'), 'new\n'],
    ['is another of the same length', write('two\n'), 'two\n'],
    ['is another, longer one', write('a\nb\nc\n'), 'a\nb\nc\n'],
    ['is gone', () => rmSync(path), undefined],
    ['is back', write('a\nb\nc\nd\n'), 'd\n'],
    ['is empty again', write(''), ''],
    ['grows again', write('a\n'), 'a\n'],
  ]
  for (const [what, act, expected] of acts) {
    act()
    assert.equal(await more(), expected, what)
  }
})

test('takes a long one in parts that end with a line', async (t) => {
  const path = join(temporaryDirectory(t), 'x.log')
  const lines = `${'ü'.repeat(100)}\n`.repeat(20_000)
  writeFileSync(path, `${lines}end`)
  const parts: string[] = []
  await createLogReader(path).more((part) => parts.push(part))
  assert.ok(parts.length > 2)
  assert.ok(parts.slice(0, -1).every((part) => part.endsWith('ü\n')))
  assert.equal(parts.join(''), `${lines}end`)
})
