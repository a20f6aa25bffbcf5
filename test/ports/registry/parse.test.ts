// What registries answer with, read as tables.
import assert from 'node:assert/strict'
import test from 'node:test'
import { parseManifest, pinningProblem } from '../../../src/core/image-index.ts'
import { baseOf } from '../../../src/ports/registry/client.ts'
import {
  parseChallenges,
  parseErrorCodes,
  parseRetryAfter,
  parseToken,
} from '../../../src/ports/registry/parse.ts'
import { imageOf, imageType, indexOf, indexType } from '../../support/registry.ts'

test('challenges are read in all their spellings', () => {
  const bearer = {
    realm: 'https://auth.example/token',
    service: 'registry',
    scope: 'repository:a/b:pull,push',
  }
  const table: [header: string | string[] | undefined, expected: unknown][] = [
    [undefined, []],
    ['', []],
    ['Basic', [{ scheme: 'basic', parameters: {} }]],
    ['Basic realm="a \\"b\\""', [{ scheme: 'basic', parameters: { realm: 'a "b"' } }]],
    [
      `Bearer realm="${bearer.realm}",service="registry",scope="${bearer.scope}"`,
      [{ scheme: 'bearer', parameters: bearer }],
    ],
    [
      `bearer Realm=${bearer.realm} , service = registry,scope="${bearer.scope}"`,
      [{ scheme: 'bearer', parameters: bearer }],
    ],
    [
      ['Negotiate', 'Basic realm="x"'],
      [
        { scheme: 'negotiate', parameters: {} },
        { scheme: 'basic', parameters: { realm: 'x' } },
      ],
    ],
    [
      'Basic realm="x", Bearer realm="y"',
      [
        { scheme: 'basic', parameters: { realm: 'x' } },
        { scheme: 'bearer', parameters: { realm: 'y' } },
      ],
    ],
  ]
  for (const [header, expected] of table) assert.deepEqual(parseChallenges(header), expected, String(header))
})

test('Retry-After is seconds or a date', () => {
  const now = Date.parse('2026-11-21T10:00:00Z')
  const table: [header: string | undefined, ms: number | undefined][] = [
    [undefined, undefined],
    ['0', 0],
    ['7', 7000],
    ['Sat, 21 Nov 2026 10:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
    ['soon', undefined],
    ['-1x', undefined],
  ]
  for (const [header, ms] of table) assert.equal(parseRetryAfter(header, now), ms, header)
})

test('a token is either field, and nothing that breaks a header', () => {
  const table: [body: string, token: string | undefined][] = [
    ['{"token":"a"}', 'a'],
    ['{"access_token":"b"}', 'b'],
    ['{"token":"","access_token":"b"}', 'b'],
    ['{"token":"a\\r\\nx: y"}', undefined],
    ['{"token":1}', undefined],
    ['[]', undefined],
    ['null', undefined],
    ['<html>', undefined],
  ]
  for (const [body, token] of table) assert.equal(parseToken(body), token, body)
})

test('only error codes are taken from an error body', () => {
  assert.deepEqual(parseErrorCodes('{"errors":[{"code":"DENIED","message":"secret"},{"code":"<b>"},{}]}'), [
    'DENIED',
  ])
  assert.deepEqual(parseErrorCodes('{"errors":{}}'), [])
  assert.deepEqual(parseErrorCodes('oops'), [])
})

test('where a registry answers', () => {
  const table: [registry: string, scheme: 'http' | 'https' | undefined, base: string][] = [
    ['docker.io', undefined, 'https://registry-1.docker.io/'],
    ['quay.io', undefined, 'https://quay.io/'],
    ['localhost:5000', undefined, 'http://localhost:5000/'],
    ['127.0.0.1:5000', undefined, 'http://127.0.0.1:5000/'],
    ['[::1]:5000', undefined, 'http://[::1]:5000/'],
    ['localhost:5000', 'https', 'https://localhost:5000/'],
    ['localhost.example.com', undefined, 'https://localhost.example.com/'],
    ['127.0.0.1.example.com', undefined, 'https://127.0.0.1.example.com/'],
    ['registry.lan:5000', undefined, 'https://registry.lan:5000/'],
    ['registry.lan:5000', 'http', 'http://registry.lan:5000/'],
  ]
  for (const [registry, scheme, base] of table) assert.equal(baseOf({ registry, scheme }).href, base)
})

test('an index is told from an image, and what lacks an architecture is not pinned', () => {
  const both = parseManifest(indexOf(['amd64', 'arm64'], { created: '2026-11-20T23:30:00Z' }).text, indexType)
  assert.deepEqual(both, {
    kind: 'index',
    mediaType: indexType,
    platforms: ['linux/amd64', 'linux/arm64'],
    created: '2026-11-20',
  })
  assert.equal(pinningProblem(both), undefined)
  assert.match(pinningProblem(parseManifest(imageOf('amd64').text, imageType)) ?? '', /single architecture/)
  const lacks = pinningProblem(parseManifest(indexOf(['amd64', 's390x']).text, indexType))
  assert.equal(lacks, 'its index lacks linux/arm64 (it has linux/amd64, linux/s390x)')
  assert.match(pinningProblem(parseManifest(indexOf([]).text, indexType)) ?? '', /\(it has nothing\)/)
})

test('what is not clearly a manifest is refused', () => {
  const table: [text: string, type: string | undefined][] = [
    ['<html>', 'text/html'],
    ['{}', undefined],
    ['{}', indexType],
    ['[]', indexType],
    [`{"mediaType":"${imageType}","manifests":[]}`, indexType],
    [`{"mediaType":"${indexType}","manifests":[],"layers":[]}`, indexType],
    [`{"mediaType":"${indexType}","layers":[]}`, indexType],
    ['{"manifests":[]}', 'application/json'],
  ]
  for (const [text, type] of table)
    assert.throws(() => parseManifest(text, type), { name: 'DvmError', code: 'integrity' }, text)
  assert.equal(parseManifest('{"manifests":[]}', `${indexType}; charset=utf-8`).kind, 'index')
})
