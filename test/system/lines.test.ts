import assert from 'node:assert/strict'
import test from 'node:test'
import { keptTail, linesOf, longestLine } from '../../src/system/lines.ts'

const read = (pieces: readonly (string | Buffer)[]) => {
  const lines: string[] = []
  const reader = linesOf((line) => lines.push(line))
  for (const piece of pieces) reader.push(Buffer.from(piece))
  reader.end()
  return { lines, tail: reader.tail() }
}

const cases: readonly (readonly [string, readonly (string | Buffer)[], readonly string[]])[] = [
  ['nothing', [], []],
  ['lines in one piece', ['a\nb\n'], ['a', 'b']],
  ['a line in many pieces', ['a', 'b', 'c\n', 'd'], ['abc', 'd']],
  ['empty lines', ['\n\na\n'], ['', '', 'a']],
  ['ends of Windows, also across pieces', ['a\r', '\nb\r\n'], ['a', 'b']],
  ['a character in two pieces', [Buffer.from([0xc3]), Buffer.from([0xbc, 0x0a])], ['ü']],
  ['a line that is as long as may be', [`${'x'.repeat(longestLine)}\n`], ['x'.repeat(longestLine)]],
  ['a longer one', [`${'x'.repeat(longestLine)}y\nz`], ['x'.repeat(longestLine), 'y', 'z']],
  ['a longer one in pieces', ['x'.repeat(longestLine), 'y', '\n'], ['x'.repeat(longestLine), 'y']],
]
for (const [what, pieces, lines] of cases)
  test(`lines of ${what}`, () => assert.deepEqual(read(pieces).lines, lines))

test('what is kept is the end, whole as long as it is short', () => {
  assert.equal(read(['a\nb\n']).tail, 'a\nb')
  const much = Array.from({ length: 40 }, (_, index) => `${index % 10}`.repeat(keptTail / 8))
  const { tail } = read([...much, 'end\n'])
  assert.ok(tail.length <= keptTail && tail.length > keptTail / 2, String(tail.length))
  assert.ok(tail.endsWith('9end'))
})
