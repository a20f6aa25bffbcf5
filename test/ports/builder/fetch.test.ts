// A disk on its way from the builder, over the strict fake Lima: as it should be, cut off, altered, and onto a file system without room.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { constants, zstdCompressSync } from 'node:zlib'
import { createBuilder, type Fetched } from '../../../src/ports/builder/index.ts'
import type { Answer } from '../../fakes/state.ts'
import { fakeLima, portOn } from '../../support/fake-lima.ts'
import { temporaryDirectory } from '../../support/temporary.ts'

const zstd = ['sudo', 'zstd', '--quiet', '--stdout', '-1', '--threads=0', '--', '/out/disk']
const hashed: Answer = {
  match: ['sudo', 'sha256sum', '--', '/out/disk'],
  stdout: `${'a'.repeat(64)}  /out/disk\n`,
}
const disk = randomBytes(3_000_000)
// With its sum, as zstd writes it.
const packed = zstdCompressSync(disk, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })

const setUp = async (t: TestContext, guest: readonly Answer[]) => {
  const fake = fakeLima(t, { guest })
  fake.add({ name: 'dvm-builder', status: 'Running' })
  const { lima } = portOn(fake)
  const instance = (await lima.list())[0]
  assert.ok(instance)
  const local = join(fake.root, 'disk.qcow2')
  const seen: number[] = []
  const fetch = (): Promise<Fetched> =>
    createBuilder(lima).fetch(instance, '/out/disk', local, (bytes) => seen.push(bytes))
  return { fetch, local, seen }
}

test('a disk arrives private, byte for byte, hashed on both ends', async (t) => {
  const { fetch, local, seen } = await setUp(t, [{ match: zstd, bytes: packed.toString('base64') }, hashed])
  assert.deepEqual(await fetch(), {
    bytes: disk.length,
    localSha256: createHash('sha256').update(disk).digest('hex'),
    remoteSha256: 'a'.repeat(64),
  })
  assert.deepEqual(readFileSync(local), disk)
  assert.equal(statSync(local).mode & 0o777, 0o600)
  assert.equal(seen.at(-1), disk.length)
  assert.ok(seen.length > 1, 'told on its way')
})

test('one that cannot be read or hashed there is an error of the builder’s', async (t) => {
  const gone = await setUp(t, [{ match: zstd, exitCode: 1, stderr: 'zstd: no such file\n' }, hashed])
  await assert.rejects(gone.fetch(), {
    code: 'failed',
    message: 'the builder could not send the disk',
    tail: ['zstd: no such file'],
  })
  const ended = await setUp(t, [
    { match: zstd, exitCode: 1, bytes: packed.subarray(0, 1000).toString('base64') },
    hashed,
  ])
  await assert.rejects(ended.fetch(), { code: 'failed', message: 'the builder could not send the disk' })
  const unread = await setUp(t, [
    { match: zstd, bytes: packed.toString('base64') },
    { match: hashed.match, exitCode: 1, stderr: 'sha256sum: input/output error\n' },
  ])
  await assert.rejects(unread.fetch(), { code: 'failed', message: 'the builder could not hash the disk' })
})

test('one that was cut off or altered, although the builder is content, is not taken for a disk', async (t) => {
  const altered = Buffer.from(packed)
  altered[20] = ~(altered[20] ?? 0)
  // More than a pipe holds: the sender is still at it, and fails because nobody listens any more.
  const greeted = Buffer.concat([Buffer.from('Welcome!\n'), packed])
  const holed = Buffer.from(packed).fill(0, 200_000, 400_000)
  for (const bytes of [packed.subarray(0, -5), altered, greeted, holed, Buffer.from('no'), Buffer.alloc(0)]) {
    const { fetch } = await setUp(t, [{ match: zstd, bytes: bytes.toString('base64') }, hashed])
    await assert.rejects(fetch(), {
      code: 'integrity',
      message: 'the disk changed on its way from the builder: it cannot be unpacked',
    })
  }
})

test('a file that is there already stays as it is', async (t) => {
  const { fetch, local } = await setUp(t, [{ match: zstd, bytes: packed.toString('base64') }, hashed])
  writeFileSync(local, 'there already')
  await assert.rejects(fetch(), { code: 'EEXIST' })
  assert.equal(readFileSync(local, 'utf8'), 'there already')
})

const source = new URL('../../../src/ports/builder/fetch.ts', import.meta.url).href

/** Fetches under a limit on the size of files, which stands in for a full file system, and says what came of it. */
const fetchInto = async (local: string, end: string): Promise<string> => {
  const script = `
    import { zstdCompressSync } from 'node:zlib'
    import { pipeline } from 'node:stream/promises'
    import { fetchFile } from ${JSON.stringify(source)}
    process.on('SIGXFSZ', () => {})
    const completed = (stdout) => ({ exitCode: 0, stdout, stderr: '' })
    const lima = {
      stream: async (instance, guest, { to }) => {
        await pipeline([zstdCompressSync(Buffer.alloc(2_000_000, 'disk'))], to).catch(() => {})
        ${end}
      },
      run: async () => completed('${'a'.repeat(64)}  disk'),
    }
    const said = await fetchFile(lima, {}, '/disk', process.argv[1], () => {}).catch((error) => error.code)
    console.log(JSON.stringify(said))`
  const { stdout } = await promisify(execFile)('bash', [
    '-c',
    'trap "" XFSZ; ulimit -f 512; exec "$@"',
    'dvm',
    process.execPath,
    '--input-type=module',
    '-e',
    script,
    local,
  ])
  return stdout.trim()
}

test('a disk that finds no room is that, however the ssh that sent it ended', async (t) => {
  const folder = temporaryDirectory(t)
  for (const [name, end] of [
    ['well', "return completed('')"],
    ['badly', "return { ...completed(''), exitCode: 141 }"],
    ['lost', "throw new Error('the connection is gone')"],
  ] as const) {
    const local = join(folder, name)
    assert.equal(await fetchInto(local, end), '"EFBIG"', name)
  }
})
