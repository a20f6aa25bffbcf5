// Which existing name a mistyped one stands for.
import assert from 'node:assert/strict'
import test from 'node:test'
import { nearestName } from '../../src/core/nearest.ts'

const names = ['api', 'app', 'billing', 'db', 'web-1', 'web-2', 'x']
const cases: readonly (readonly [string, string, string | undefined])[] = [
  ['a letter is missing', 'ap', 'api'],
  ['a letter too many', 'appp', 'app'],
  ['another letter', 'apq', 'api'],
  ['two letters swapped', 'bd', 'db'],
  ['swapped within', 'aip', 'api'],
  ['the first of equals', 'web-3', 'web-1'],
  ['two slips in a long name', 'biling-', 'billing'],
  ['two slips in a short name', 'wb1', undefined],
  ['three slips', 'billxyz', undefined],
  ['a name of one letter is no guess for another', 'y', undefined],
  ['nothing', '', undefined],
  ['another word', 'frontend', undefined],
  ['the name itself is no suggestion', 'billing', undefined],
  ['far too long', 'a'.repeat(100_000), undefined],
]
for (const [what, word, expected] of cases)
  test(`${what}: ${word.slice(0, 20)}`, () => assert.equal(nearestName(word, names), expected))

test('nothing is near where there is nothing', () => assert.equal(nearestName('app', []), undefined))
