import assert from 'node:assert/strict'
import test from 'node:test'
import { parseManifest, parseMetadata, shortName } from '../../src/core/generation.ts'
import { manifestOf, metadataOf } from '../support/generations.ts'

const metadata = metadataOf('a'.repeat(64))

test('reads what it wrote', () => {
  assert.deepEqual(parseMetadata(JSON.stringify(metadata)), metadata)
  const manifest = manifestOf()
  assert.deepEqual(parseManifest(JSON.stringify(manifest)), manifest)
  assert.equal(shortName(metadata.generation), 'aaaaaaaaaaaa')
})

test('anything else is no metadata, and never throws', () => {
  const wrong = [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '{}',
    JSON.stringify({ ...metadata, schema: 2 }),
    JSON.stringify({ ...metadata, sha256: 1 }),
    JSON.stringify({ ...metadata, diskSize: '1' }),
    JSON.stringify(metadata).slice(0, -1),
  ]
  for (const text of wrong) assert.equal(parseMetadata(text), undefined, text)
})

test('anything else is no manifest, and never throws', () => {
  const { inputs, tools } = manifestOf()
  for (const value of [
    null,
    1,
    [],
    { inputs },
    { tools },
    { inputs: {}, tools },
    { inputs: { ...inputs, context: 1 }, tools },
  ])
    assert.equal(parseManifest(JSON.stringify(value)), undefined, JSON.stringify(value))
  assert.equal(parseManifest('{"inputs":'), undefined)
})
