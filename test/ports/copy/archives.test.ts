// Directories on this machine's end: packed for a guest, and unpacked from one that may be hostile.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import test, { type TestContext } from 'node:test'
import { Header } from 'tar'
import { createArchivePieces } from '../../../src/ports/copy/archive-pieces.ts'
import { landTree } from '../../../src/ports/copy/landing-tree.ts'
import { packTree } from '../../../src/ports/copy/pack.ts'
import { below } from '../../support/below.ts'
import { onGnu } from '../../support/gnu.ts'
import { hostileNames } from '../../support/hostile-names.ts'
import { temporaryDirectory } from '../../support/temporary.ts'

interface Entry {
  readonly path: string
  readonly type?: 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'BlockDevice' | 'FIFO'
  readonly mode?: number
  readonly linkpath?: string
  readonly uid?: number
  readonly gid?: number
  readonly devmaj?: number
  readonly devmin?: number
  readonly text?: string
}

/** An archive of exactly these entries, whatever they are. */
const archiveOf = (entries: readonly Entry[]): Buffer =>
  Buffer.concat([
    ...entries.flatMap(({ text = '', ...fields }) => {
      const header = new Header({ type: 'File', mode: 0o644, size: text.length, ...fields })
      header.encode()
      return [header.block ?? Buffer.alloc(0), Buffer.from(text), Buffer.alloc(-text.length & 511)]
    }),
    Buffer.alloc(1024),
  ])
const top: Entry = { path: './', type: 'Directory', mode: 0o755 }

const source = { text: 'app:/x', look: 'dvm ssh app -- ls -laR /x', again: 'dvm cp -r app:/x y' }

/** What came of an archive: the names that were left out, or the failure. */
const land = async (typed: string, bytes: Buffer, step = 1000): Promise<readonly string[]> => {
  const landing = await landTree(typed, 'x', source)
  try {
    for (let at = 0; at < bytes.length && !landing.to.destroyed; at += step)
      landing.to.write(bytes.subarray(at, at + step))
    landing.to.end()
    await finished(landing.to).catch(() => undefined)
    const fault = landing.fault()
    if (fault !== undefined) throw fault
    return await landing.commit()
  } finally {
    await landing.discard()
  }
}

const setUp = (t: TestContext) => {
  const root = temporaryDirectory(t)
  return {
    root,
    /** All that is there, with where links lead. */
    tree: (): string[] => below(root).toSorted(),
  }
}

test('a directory with any names comes as it is, in pieces of any length', onGnu, async (t) => {
  const { root } = setUp(t)
  const deep = Array.from({ length: 4 }, (_, depth) => `${depth}-${'ü'.repeat(90)}`).join('/')
  mkdirSync(join(root, 'from', deep), { recursive: true })
  for (const name of [...hostileNames, `${deep}/grüße`]) writeFileSync(join(root, 'from', name), name)
  symlinkSync('/etc/passwd', join(root, 'from/absolute'))
  symlinkSync('../../outside', join(root, 'from/out'))
  symlinkSync(deep, join(root, 'from/long'))
  linkSync(join(root, 'from/a:b'), join(root, 'from/hard'))
  chmodSync(join(root, 'from/a:b'), 0o4750)
  const bytes = execFileSync('tar', [
    '-c',
    '-f-',
    '--format=gnu',
    '--hard-dereference',
    '-C',
    join(root, 'from'),
    '.',
  ])
  for (const step of [511, 65_536]) {
    assert.deepEqual(await land(join(root, 'to'), bytes, step), [])
    execFileSync('diff', ['-r', '--no-dereference', join(root, 'from'), join(root, 'to')])
    assert.equal(statSync(join(root, 'to/a:b')).mode & 0o7777, 0o750)
    rmSync(join(root, 'to'), { recursive: true })
  }
})

const reachesOut: readonly (readonly [string, readonly Entry[], RegExp])[] = [
  ['an absolute name', [{ path: '/tmp/dvm-hacked' }], /"?\/tmp\/dvm-hacked"? leads out of it/],
  ['a name with ..', [{ path: './a/../../hacked' }], /leads out of it/],
  ['only ..', [{ path: '..', type: 'Directory' }], /leads out of it/],
  ['a hard link', [{ path: './h', type: 'Link', linkpath: '../secret' }], /is a Link/],
  ['a file in place of the top', [{ path: '.' }], /is no directory/],
  [
    'a file through a link',
    [
      { path: './l', type: 'SymbolicLink', linkpath: '..' },
      { path: './l/hacked', text: 'x' },
    ],
    /is in it twice/,
  ],
  [
    'a link through a link',
    [
      { path: './l', type: 'SymbolicLink', linkpath: '..' },
      { path: './l/hacked', type: 'SymbolicLink', linkpath: 'x' },
    ],
    /leads through a link/,
  ],
  [
    'the same through another spelling',
    [
      { path: './l', type: 'SymbolicLink', linkpath: '..' },
      { path: './/l/./hacked', type: 'SymbolicLink', linkpath: 'x' },
    ],
    /leads through a link/,
  ],
]
for (const [what, entries, message] of reachesOut)
  test(`a hostile archive is not taken: ${what}`, async (t) => {
    const { root, tree } = setUp(t)
    mkdirSync(join(root, 'in'))
    writeFileSync(join(root, 'secret'), 'secret')
    await assert.rejects(
      land(join(root, 'in/new'), archiveOf([top, { path: './fine', text: 'x' }, ...entries])),
      message,
    )
    assert.deepEqual(tree(), ['in', 'secret'])
    assert.equal(existsSync('/tmp/dvm-hacked'), false)
  })

test('devices and pipes are left out by name, setuid is dropped, links lead where they did', async (t) => {
  const { root, tree } = setUp(t)
  const bytes = archiveOf([
    { ...top, mode: 0o7777 },
    { path: './null', type: 'CharacterDevice', devmaj: 1, devmin: 3 },
    { path: './sda', type: 'BlockDevice', devmaj: 8, devmin: 0 },
    { path: './pipe', type: 'FIFO' },
    { path: './su', mode: 0o6755, uid: 0, gid: 0, text: 'x' },
    { path: './sub/', type: 'Directory', mode: 0o500 },
    { path: './sub/f', mode: 0o400, text: 'x' },
    { path: './sub/l', type: 'SymbolicLink', linkpath: '../../..' },
  ])
  assert.deepEqual(await land(join(root, 'new'), bytes), ['null', 'sda', 'pipe'])
  assert.deepEqual(tree(), ['new', 'new/su', 'new/sub', 'new/sub/f', 'new/sub/l -> ../../..'])
  const mode = (path: string): number => statSync(join(root, path)).mode & 0o7777
  const umask = process.umask()
  assert.deepEqual([mode('new'), mode('new/su')], [0o777 & ~umask, 0o755 & ~umask])
  assert.deepEqual([mode('new/sub'), mode('new/sub/f')], [0o500, 0o400])
  assert.equal(statSync(join(root, 'new/su')).uid, process.getuid?.())
  chmodSync(join(root, 'new/sub'), 0o700)
})

test('what is cut off, damaged or not an archive changes nothing', async (t) => {
  const { root, tree } = setUp(t)
  const bytes = archiveOf([top, { path: './a', text: 'x'.repeat(5000) }, { path: './b', text: 'y' }])
  const damaged = Buffer.from(bytes)
  damaged.fill(0x41, 512, 560)
  for (const wrong of [
    Buffer.alloc(0),
    bytes.subarray(0, 512),
    bytes.subarray(0, 3000),
    bytes.subarray(0, -1024),
    damaged,
    Buffer.from('Welcome to app!\n'),
    Buffer.alloc(4096, 0x1f),
  ])
    await assert.rejects(land(join(root, 'new'), wrong), {
      code: 'integrity',
      hint: 'again: dvm cp -r app:/x y',
    })
  assert.deepEqual(tree(), [])
})

test('names that cannot be kept are said, not changed', async (t) => {
  const { root, tree } = setUp(t)
  for (const path of [Buffer.from([0x2e, 0x2f, 0x61, 0xff]).toString('latin1'), './a\\..\\b']) {
    const bytes = archiveOf([top, { path }])
    // Header writes UTF-8; the guest's tar writes what the name is.
    const at = bytes.indexOf('aÿ')
    if (at !== -1) bytes.write('a\u00FF', at, 'latin1')
    await assert.rejects(land(join(root, 'new'), fixSum(bytes)), /cannot be kept here/)
  }
  assert.deepEqual(tree(), [])
})

/** Corrects the checksum of the second header. */
const fixSum = (bytes: Buffer): Buffer => {
  const header = bytes.subarray(512, 1024)
  const end = header.indexOf(0)
  header.fill(0, end, 100)
  header.fill(' ', 148, 156)
  const sum = header.reduce((before, byte) => before + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

test('a directory that is there is merged; nothing is written through its links, and no kind replaces another', async (t) => {
  const { root, tree } = setUp(t)
  for (const path of ['here/x/sub', 'here/x/taken', 'outside'])
    mkdirSync(join(root, path), { recursive: true })
  writeFileSync(join(root, 'here/x/sub/f'), 'old')
  writeFileSync(join(root, 'here/x/mine'), 'mine')
  symlinkSync('../../outside', join(root, 'here/x/link'))
  const sub = { path: './sub/', type: 'Directory', mode: 0o711 } as const
  await land(
    join(root, 'here'),
    archiveOf([top, sub, { path: './sub/f', text: 'new' }, { path: './link', text: 'y' }]),
  )
  assert.deepEqual(tree(), [
    'here',
    'here/x',
    'here/x/link',
    'here/x/mine',
    'here/x/sub',
    'here/x/sub/f',
    'here/x/taken',
    'outside',
  ])
  assert.equal(readFileSync(join(root, 'here/x/sub/f'), 'utf8'), 'new')
  assert.notEqual(statSync(join(root, 'here/x/sub')).mode & 0o777, 0o711)
  // Before anything is replaced, whatever the order.
  const both = archiveOf([top, { path: './mine', text: 'y' }, { path: './taken', text: 'x' }])
  await assert.rejects(land(join(root, 'here'), both), {
    message: `a directory is in the place of ${join(root, 'here/x/taken')} here, and a file does not replace it`,
  })
  assert.equal(readFileSync(join(root, 'here/x/mine'), 'utf8'), 'mine')
  rmSync(join(root, 'here/x/sub'), { recursive: true })
  symlinkSync('../../outside', join(root, 'here/x/sub'))
  await assert.rejects(
    land(join(root, 'here'), archiveOf([top, sub, { path: './sub/f', text: 'x' }])),
    /something else is in the place/,
  )
  assert.deepEqual(readdirSync(join(root, 'outside')), [])
  symlinkSync('outside', join(root, 'x'))
  await assert.rejects(land(root, archiveOf([top])), /something else is in the place/)
  assert.ok(!tree().some((path) => path.includes('.dvm-cp-')))
})

test('a directory is packed with any names, links as links, its special files left out', onGnu, async (t) => {
  const { root } = setUp(t)
  const from = join(root, 'from')
  mkdirSync(join(from, 'sub/empty'), { recursive: true })
  for (const name of hostileNames) writeFileSync(join(from, name), name)
  symlinkSync('/etc/passwd', join(from, 'sub/link'))
  linkSync(join(from, 'a:b'), join(from, 'hard'))
  writeFileSync(join(from, 'large'), Buffer.alloc(3_000_000, 'x'))
  execFileSync('mkfifo', [join(from, 'sub/pipe')])
  chmodSync(join(from, 'sub'), 0o710)
  symlinkSync('from', join(root, 'link'))
  const tree = await packTree(join(root, 'link'))
  assert.deepEqual(tree.leftOut, ['sub/pipe'])
  const bytes = await buffer(tree.from)
  assert.equal(tree.sent(), bytes.length)
  const unpacked = spawnSync(
    'tar',
    ['-x', '-f-', '--ignore-zeros', '--warning=no-unknown-keyword', '-C', root],
    { input: bytes },
  )
  assert.equal(unpacked.stderr.toString(), '')
  rmSync(join(from, 'sub/pipe'))
  execFileSync('diff', ['-r', '--no-dereference', from, join(root, 'd')])
  assert.deepEqual(readFileSync(join(root, 'end'), 'utf8'), '')
  assert.equal(statSync(join(root, 'd/sub')).mode & 0o777, 0o710)
})

test('a file that goes away while it is packed, and a name that is no UTF-8, are said', async (t) => {
  const { root } = setUp(t)
  // More than once, and among others: tar may report one file several times.
  for (let turn = 0; turn < 20; turn += 1) {
    for (const name of ['gone', 'gone too', 'stays']) writeFileSync(join(root, name), 'x')
    const tree = await packTree(root)
    for (const name of ['gone', 'gone too']) rmSync(join(root, name))
    await assert.rejects(buffer(tree.from))
    assert.match((tree.failure() as Error).message, /here$/)
  }
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x61, 0xff])]), 'x')
  await assert.rejects(packTree(root), /a name here is not UTF-8/)
})

test('a long name is never cut, wherever the chunks are', onGnu, async (t) => {
  const { root } = setUp(t)
  const name = `${'日本'.repeat(40)}/${'ü'.repeat(120)}`
  mkdirSync(join(root, 'from', name), { recursive: true })
  const bytes = execFileSync('tar', ['-c', '-f-', '--format=gnu', '-C', join(root, 'from'), '.'])
  for (let step = 1; step < 1100; step += 37) {
    const pieces = createArchivePieces()
    const cut: Buffer[] = []
    for (let at = 0; at < bytes.length; at += step) cut.push(pieces(bytes.subarray(at, at + step)))
    assert.ok(Buffer.concat(cut).equals(bytes.subarray(0, Buffer.concat(cut).length)))
    assert.ok(bytes.length - Buffer.concat(cut).length < 512)
    assert.ok(
      cut.some((piece) => piece.includes(name)),
      `in steps of ${step}`,
    )
  }
})
