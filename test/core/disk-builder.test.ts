import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import test from 'node:test'
import { dialectOf, ownDialect } from '../../src/core/disk-builder.ts'
import type { DvmError } from '../../src/core/errors.ts'

const fixture = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/disk-builder', name), 'utf8')

const seed = 4711
const spoken = (help: string) => {
  const { generation, options } = dialectOf(help, 'x')
  return { generation, options: options(seed) }
}

test('the original repository’s bootc-image-builder gets plain progress lines', () =>
  assert.deepEqual(spoken(fixture('standalone.help')), {
    generation: 'standalone',
    options: ['--progress', 'debug'],
  }))

test('the one inside image-builder also gets a fixed seed, and never an option that it lost', () =>
  assert.deepEqual(spoken(fixture('merged.help')), {
    generation: 'merged',
    options: ['--progress', 'debug', '--seed', String(seed)],
  }))

test('dvm’s own disk builder speaks the same, and takes every option that dvm gives', () => {
  const script = resolve(import.meta.dirname, '../../templates/debian/disk-builder/build-disk')
  const help = execFileSync('bash', [script, '--help'], { encoding: 'utf8' })
  const { generation, options } = spoken(help)
  // What it is taken for without being asked.
  assert.deepEqual({ generation, options }, { ...ownDialect, options: ownDialect.options(seed) })
  for (const option of options.filter((word) => word.startsWith('--'))) assert.ok(help.includes(option))
})

test('any other program is refused, with what it lacks', () => {
  const refuses = (help: string, message: string) =>
    assert.throws(
      () => dialectOf(help, 'quay.io/x@sha256:1'),
      (error: DvmError) => {
        assert.deepEqual(
          { code: error.code, message: error.message, hint: error.hint },
          { code: 'config', message, hint: 'set DVM_BISC_IMAGE to a bootc-image-builder, pinned by digest' },
        )
        return true
      },
    )
  refuses('', 'the disk builder quay.io/x@sha256:1 does not know --type, --rootfs, --progress')
  refuses('--type --progress', 'the disk builder quay.io/x@sha256:1 does not know --rootfs')
})
