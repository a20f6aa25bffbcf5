import assert from 'node:assert/strict'
import test from 'node:test'
import { shown, shownJson, shownOfTool } from '../../src/cli/printable.ts'

test('what dvm says commands no terminal, names what it is about, and stays JSON when it was', () => {
  for (const [text, expected] of [
    ['plain\tline\nof grüße 日本 😀', 'plain\tline\nof grüße 日本 😀'],
    ['a\u001B[31mb', 'a\\u001b[31mb'],
    ['back\u0008 return\r null\0 del\u007F', 'back\\u0008 return\\u000d null\\u0000 del\\u007f'],
    ['https://me:word@quay.io/a', 'https://***@quay.io/a'],
    ['https://me:wo\u0001rd@quay.io/a', 'https://***@quay.io/a'],
    ['https\u0001://me:word@quay.io/a', 'https\\u0001://***@quay.io/a'],
  ] as const)
    assert.equal(shown(text), expected)
  const value = { text: 'a\u0085\u007Fb\u001B[1m\u009B2m"' }
  const json = shownJson(value, 2)
  assert.ok(!/(?!\n)\p{Cc}/u.test(json))
  assert.deepEqual(JSON.parse(json), value)
  assert.equal(shownJson({ text: 'https://me:"wo\u0001rd@h/' }), '{"text":"https://me:\\"wo\\u0001rd@h/"}')
  assert.equal(shownJson(['https://me:wo\u0001rd@h/']), '["https://***@h/"]')
})

test('what a tool printed loses its colours, and of a line that it wrote over all but the last', () => {
  for (const [text, expected] of [
    ['\u001B[31mred\u001B[0m \u001B]0;title\u0007x', 'red x'],
    ['10 %\r50 %\r100 %\r\nnext', '100 %\nnext'],
    ['lone \u001B and bell\u0007', 'lone \\u001b and bell\\u0007'],
  ] as const)
    assert.equal(shownOfTool(text), expected)
})
