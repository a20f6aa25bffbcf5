// base rm by halves, and the end of the long tests: nothing is left behind. Makes its base when there is none (10-base-build).
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { ensureBase } from '../../support/e2e-base.ts'
import { builder, cacheDir, dvm, instance, instances, publishedBase } from '../../support/e2e.ts'

before(ensureBase)

test('base rm --builder keeps the base, and a build of unchanged inputs still has nothing to do', async () => {
  const { current } = publishedBase()
  assert.deepEqual(await dvm(['base', 'rm', '--builder']), {
    exitCode: 0,
    stdout: '',
    stderr: `removed the builder VM ${builder}\n`,
  })
  assert.equal(await instance(builder), undefined)
  assert.match((await dvm(['base', 'build'])).stdout, /^nothing changed: /)
  assert.equal(publishedBase().current, current)
})

test('base rm --image removes every generation', async () => {
  const { exitCode, stderr } = await dvm(['base', 'rm', '--image'])
  assert.equal(exitCode, 0, stderr)
  assert.deepEqual(readdirSync(join(cacheDir, 'base')), [])
  assert.deepEqual(await instances(), [])
})
