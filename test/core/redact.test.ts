import assert from 'node:assert/strict'
import test from 'node:test'
import { redact } from '../../src/core/redact.ts'

const cases: readonly [string, string][] = [
  ['proxy http://me:s3cret@proxy:3128 fails', 'proxy http://***@proxy:3128 fails'],
  ['HTTPS_PROXY=https://me:p%40ss@p/', 'HTTPS_PROXY=https://***@p/'],
  ['a http://u:p@h, b http://u:q@h', 'a http://***@h, b http://***@h'],
  ['"socks5://token@h"', '"socks5://***@h"'],
  ['git clone https://ghp_token@github.com/a/b', 'git clone https://***@github.com/a/b'],
  ['http://me:p@ss@proxy', 'http://***@proxy'],
  ['ssh://git@github.com/a/b', 'ssh://git@github.com/a/b'],
  ['ssh://git:pw@github.com', 'ssh://***@github.com'],
  ['mail me@example.com http://example.com/@x', 'mail me@example.com http://example.com/@x'],
  ['quay.io/a/b@sha256:abc', 'quay.io/a/b@sha256:abc'],
  ['docker://quay.io/a@sha256:abc', 'docker://quay.io/a@sha256:abc'],
]
for (const [text, expected] of cases)
  test(`shown as: ${expected}`, () => {
    assert.equal(redact(text), expected)
    assert.equal(redact(expected), expected)
  })
