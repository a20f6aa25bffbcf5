// Updating pins against a registry and a file in memory: what a read-only file gets, and one changed meanwhile.
import assert from 'node:assert/strict'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { parseManifest } from '../../src/core/image-index.ts'
import { parsePins } from '../../src/core/pins-text.ts'
import type { PinsFile } from '../../src/ports/pins-file.ts'
import type { Registry } from '../../src/ports/registry/index.ts'
import { updatePins } from '../../src/tasks/pins.ts'
import { indexOf } from '../support/registry.ts'

const fresh = indexOf()
const never = () => Promise.reject(new Error('not used'))
const registry: Registry = {
  resolve: () => Promise.resolve(fresh.digest),
  manifest: () =>
    Promise.resolve({
      ...parseManifest(fresh.text, fresh.type),
      digest: fresh.digest,
      bytes: Buffer.from(fresh.text),
    }),
  blob: never,
  close: never,
}
const text = JSON.stringify({
  fedora: {
    'disk-builder': {
      reference: 'quay.io/a',
      track: 'latest',
      digest: `sha256:${'0'.repeat(64)}`,
      resolved: '2026-11-21',
    },
  },
})
const options = { write: true, today: '2026-12-01' }

test('a file that cannot be written: the hint has the digests as variables', async () => {
  const file: PinsFile = {
    path: 'pins.json',
    text: () => Promise.resolve(text),
    write: (_text, hint) => Promise.reject(new DvmError('failed', 'read-only', { hint })),
  }
  await assert.rejects(updatePins(registry, file, parsePins(text), options), {
    code: 'failed',
    hint: `pins come with dvm: update dvm, or for this shell only: export DVM_BISC_IMAGE=quay.io/a@${fresh.digest} (fedora)`,
  })
})

test('a file that somebody else changed meanwhile is left alone', async () => {
  const file: PinsFile = {
    path: 'pins.json',
    text: () => Promise.resolve(text.replace(/0{64}/, '1'.repeat(64))),
    write: () => assert.fail('written'),
  }
  await assert.rejects(updatePins(registry, file, parsePins(text), options), { code: 'busy' })
})

test('Ctrl-C is not taken for a failed pin', async () => {
  const stop = new Error('stop')
  const file: PinsFile = { path: '', text: never, write: never }
  const aborted = { ...registry, resolve: () => Promise.reject(stop) }
  await assert.rejects(updatePins(aborted, file, parsePins(text), options), stop)
})
