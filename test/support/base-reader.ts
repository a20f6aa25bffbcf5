// A process that reads the current base as a VM would, as fast as it can, and tells what was wrong. `base-reader.ts CACHE`
// It says `ready` when it has begun, reads until stdin ends, then prints how many reads it made and what it found odd.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createBaseStore } from '../../src/ports/store/index.ts'

const cache = process.argv[2] ?? ''
const store = createBaseStore(cache)
const odd: string[] = []
let reads = 0
process.stdin.resume()
do {
  const disk = readFileSync(join(cache, 'base/disk.qcow2'), 'utf8')
  const [mark = '', rest = ''] = disk.split(':')
  if (disk.length !== 4096 || rest !== mark.repeat(4096).slice(0, rest.length))
    odd.push(`disk ${disk.length}`)
  const current = await store.current()
  if (current === undefined) odd.push('no current generation')
  const metadata = JSON.parse(readFileSync(join(cache, 'base/metadata.json'), 'utf8')) as { schema: number }
  if (metadata.schema !== 1) odd.push('metadata')
  reads += 1
  if (reads === 1) process.stdout.write('ready\n')
} while (!process.stdin.readableEnded)
process.stdout.write(`${JSON.stringify({ reads, odd: odd.slice(0, 5) })}\n`)
