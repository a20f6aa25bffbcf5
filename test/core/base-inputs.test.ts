import assert from 'node:assert/strict'
import test from 'node:test'
import { changedInputs, hashInputs, inputsSchema, type BaseInputs } from '../../src/core/base-inputs.ts'

const inputs: BaseInputs = {
  schema: inputsSchema,
  arch: 'x86_64',
  flavour: 'fedora',
  bootcBase: `quay.io/fedora/fedora-bootc@sha256:${'a'.repeat(64)}`,
  diskBuilder: `ghcr.io/osbuild/bootc-image-builder@sha256:${'b'.repeat(64)}`,
  rootfs: 'ext4',
  context: { Containerfile: '644:1', 'etc/motd': '644:2' },
  plumbing: { 'plumbing/dvm-base.Containerfile': '644:3' },
}

test('the hash is the same however the files were found', () => {
  const { plumbing, context, ...rest } = inputs
  const other = {
    plumbing,
    ...rest,
    context: Object.fromEntries(Object.entries(context).toReversed()),
  }
  assert.match(hashInputs(inputs), /^[0-9a-f]{64}$/)
  assert.equal(hashInputs(other), hashInputs(inputs))
})

const changed: readonly [string, Partial<BaseInputs>, readonly string[]][] = [
  ['schema', { schema: inputsSchema + 1 }, ["dvm's own plumbing"]],
  ['architecture', { arch: 'aarch64' }, ['architecture (x86_64 → aarch64)']],
  ['flavour', { flavour: 'debian' }, ['flavour (fedora → debian)']],
  ['bootc base', { bootcBase: 'bootstrap:trixie' }, ['the bootc base']],
  ['disk builder', { diskBuilder: 'own' }, ['the disk builder']],
  ['root file system', { rootfs: 'xfs' }, ['root file system (ext4 → xfs)']],
  ['plumbing', { plumbing: {} }, ["dvm's own plumbing"]],
  ["a file's content or mode", { context: { ...inputs.context, Containerfile: '755:1' } }, ['Containerfile']],
  [
    'files that come and go',
    { context: { Containerfile: '644:1', 'a.sh': '755:9' } },
    ['a.sh (new)', 'etc/motd (removed)'],
  ],
]
for (const [what, change, words] of changed)
  test(`a change of ${what} changes the hash and is told`, () => {
    const after = { ...inputs, ...change }
    assert.notEqual(hashInputs(after), hashInputs(inputs))
    assert.deepEqual(changedInputs(inputs, after), words)
  })

test('the same inputs have no changes; many come with the user’s own files first', () => {
  assert.deepEqual(changedInputs(inputs, { ...inputs }), [])
  assert.deepEqual(
    changedInputs(inputs, { ...inputs, context: { Containerfile: '644:0' }, plumbing: {}, arch: 'aarch64' }),
    ['Containerfile', 'etc/motd (removed)', 'architecture (x86_64 → aarch64)', "dvm's own plumbing"],
  )
})

test('a path or value cannot pretend to be another one', () => {
  const hash = (context: Record<string, string>): string => hashInputs({ ...inputs, context })
  assert.notEqual(hash({ 'a","b': 'c' }), hash({ a: 'b","c' }))
  assert.notEqual(hash({ a: '', b: '' }), hash({ ab: '' }))
  assert.notEqual(
    hashInputs({ ...inputs, context: { x: '1' }, plumbing: {} }),
    hashInputs({ ...inputs, context: {}, plumbing: { x: '1' } }),
  )
})
