// Publishing is atomic for everyone who looks: another process reads without pause while generations come and go.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import test from 'node:test'
import type { Generation } from '../../../src/core/generation.ts'
import { createBaseStore } from '../../../src/ports/store/index.ts'
import { manifestOf, metadataOf } from '../../support/generations.ts'
import { temporaryDirectory } from '../../support/temporary.ts'

test('a reader never sees a missing or half base while generations are published', async (t) => {
  const cache = temporaryDirectory(t)
  const store = createBaseStore(cache)
  const publish = async (mark: string, previous?: Generation): Promise<Generation> => {
    const generation = mark.repeat(64)
    const candidate = await store.prepare(generation)
    writeFileSync(candidate.disk, `${mark}:${mark.repeat(4094)}`)
    const kept = await store.keep(candidate, metadataOf(generation, { diskSize: 4096 }), manifestOf())
    await store.makeCurrent(kept)
    if (previous !== undefined) await store.prune([kept, previous])
    return kept
  }
  let previous = await publish('0')
  const reader = spawn(
    process.execPath,
    [resolve(import.meta.dirname, '../../support/base-reader.ts'), join(cache)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  t.after(() => reader.kill('SIGKILL'))
  const lines = createInterface({ input: reader.stdout })[Symbol.asyncIterator]()
  assert.equal((await lines.next()).value, 'ready')
  for (let round = 1; round <= 40; round += 1) previous = await publish((round % 16).toString(16), previous)
  reader.stdin.end()
  const { reads, odd } = JSON.parse(String((await lines.next()).value)) as { reads: number; odd: string[] }
  if (reader.exitCode === null) await once(reader, 'exit')
  assert.deepEqual(odd, [])
  assert.ok(reads > 1, `${reads} reads`)
})
