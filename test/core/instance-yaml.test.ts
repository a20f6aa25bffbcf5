import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import test from 'node:test'
import { parse } from 'yaml'
import { renderInstance } from '../../src/core/instance-yaml.ts'

const template = readFileSync(resolve(import.meta.dirname, '../../templates/lima.yaml'), 'utf8')

test('the document is the template with the disk in it, comments and all', (t) => {
  const text = renderInstance(template, {
    location: '/cache/dvm/base/generations/abc/disk.qcow2',
    arch: 'x86_64',
  })
  t.assert.fileSnapshot(text, resolve(import.meta.dirname, '../golden/instance.yaml'), {
    serializers: [(value: string) => value],
  })
})

test('any path is data: it comes back from YAML as it was, on one line', () => {
  const long = `/${'a very long directory/'.repeat(30)}disk`
  for (const location of ["/it's: #1 {x}", '/ü/"q"\\n', '/- a', long, '/line\nbreak']) {
    const text = renderInstance(template, { location, arch: 'aarch64' })
    const document = parse(text) as Record<string, unknown>
    assert.deepEqual(document['images'], [{ location, arch: 'aarch64' }])
    assert.deepEqual({ ...document, images: [] }, parse(template))
  }
})
