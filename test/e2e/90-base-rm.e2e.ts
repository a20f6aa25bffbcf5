// The end: base rm. Makes its base when there is none (10-base-build), and leaves nothing behind.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { ensureBase } from '../support/e2e-base.ts'
import { builder, cacheDir, dvm, instance } from '../support/e2e.ts'

before(ensureBase)

test('base rm removes the builder and every generation, and a second one finds nothing', async () => {
  const gone = ['current', 'disk.qcow2', 'metadata.json', 'generations'].map(
    (name) => `removed ~/.cache/dvm/base/${name}\n`,
  )
  assert.deepEqual(await dvm(['base', 'rm']), {
    exitCode: 0,
    stdout: '',
    stderr: [`removed the builder VM ${builder}\n`, ...gone].join(''),
  })
  assert.equal(await instance(builder), undefined)
  assert.deepEqual(readdirSync(join(cacheDir, 'base')), [])
  assert.deepEqual(await dvm(['base', 'rm']), {
    exitCode: 0,
    stdout: '',
    stderr: 'there was nothing to remove\n',
  })
  assert.equal(existsSync(join(cacheDir, 'base', 'disk.qcow2')), false)
  assert.equal(
    (await dvm(['base', 'status'])).stdout,
    "image:     none at ~/.cache/dvm/base/disk.qcow2: VMs boot from Lima's template:fedora\n" +
      'inputs:    not built yet: dvm base build\nbuilder:   none (made by the first build)\n',
  )
})
