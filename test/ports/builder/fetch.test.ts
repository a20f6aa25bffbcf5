// A disk that arrives on a file system without room. The limit on the size of a file stands in for it: writes fail the same way.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { temporaryDirectory } from '../../support/temporary.ts'

const source = new URL('../../../src/ports/builder/fetch.ts', import.meta.url).href

/** Less than the limit: room may be left once ssh has given up, when others delete their files. */
const written = 200_000

/** Fetches with a Lima whose ssh gives up, and says what came of it. `end`: how that ssh ends. */
const fetchInto = async (local: string, end: string): Promise<string> => {
  const script = `
    import { writeSync } from 'node:fs'
    import { fetchFile } from ${JSON.stringify(source)}
    process.on('SIGXFSZ', () => {})
    const completed = (stdout) => ({ exitCode: 0, stdout, stderr: '' })
    const lima = {
      stream: async (instance, guest, { toFile }) => {
        writeSync(toFile, Buffer.alloc(${written}))
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

test('a disk that finds no room is that, however the ssh that wrote it ended', async (t) => {
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
