import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import test, { type TestContext } from 'node:test'
import type { DvmError } from '../../src/core/errors.ts'
import { createContextPort, type Shipment } from '../../src/ports/context.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const port = createContextPort()

const put = (root: string, path: string, text = path, mode = 0o644): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  chmodSync(join(root, path), mode)
}

/** Extracted as the builder does it. */
const extract = async (t: TestContext, shipments: readonly Shipment[]): Promise<string> => {
  const target = temporaryDirectory(t)
  const input = await buffer(port.pack(shipments))
  execFileSync('tar', ['--extract', '--ignore-zeros', '--no-same-owner', '--directory', target], { input })
  return target
}

const listed = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => {
      const stats = lstatSync(join(root, path))
      if (stats.isSymbolicLink()) return `${path} -> ${readlinkSync(join(root, path))}`
      return stats.isDirectory() ? `${path}/` : `${path} ${(stats.mode & 0o777).toString(8)}`
    })
    .sort()

const odd = [
  '@file',
  '-rf',
  '--checkpoint=1',
  'line\nbreak',
  'grüße 日本.txt',
  ' blank ',
  "it's",
  '*',
  'a\\b',
  '~',
]

test('what is packed comes out as it was: contents, modes, links, odd names, empty directories', async (t) => {
  const root = temporaryDirectory(t)
  put(root, 'Containerfile', 'FROM dvm-base\n')
  put(root, 'bin/tool', '#!/bin/sh\n', 0o755)
  put(root, 'secretive', 'x', 0o600)
  put(root, 'empty-file', '')
  mkdirSync(join(root, 'empty/inner'), { recursive: true })
  symlinkSync('../bin/tool', join(root, 'bin/link'))
  symlinkSync('/does/not/exist', join(root, 'dangling'))
  for (const name of odd) put(root, name)
  put(root, `long/${'d'.repeat(120)}/${'f'.repeat(200)}`)
  const { files, secrets } = await port.scanBase(root)
  assert.deepEqual(secrets, [])
  const target = await extract(t, [{ from: root, to: 'context', paths: Object.keys(files) }])
  assert.deepEqual(
    listed(join(target, 'context')),
    listed(root),
    'modes are what they were: group and world could not write',
  )
  for (const name of odd) assert.equal(readFileSync(join(target, 'context', name), 'utf8'), name)
})

test('several shipments land side by side, one of them under another name', async (t) => {
  const root = temporaryDirectory(t)
  put(root, 'packages.txt', 'git\n')
  put(root, 'sub/file')
  const target = await extract(t, [
    { from: root, to: 'context', paths: ['packages.txt'] },
    { from: root, to: 'context', paths: ['packages.txt'], as: 'dvm-packages.txt' },
    { from: join(root, 'sub'), to: 'plumbing/rootfs', paths: ['file'] },
    { from: root, to: 'nothing', paths: [] },
  ])
  assert.deepEqual(listed(target), [
    'context/',
    'context/dvm-packages.txt 644',
    'context/packages.txt 644',
    'plumbing/',
    'plumbing/rootfs/',
    'plumbing/rootfs/file 644',
  ])
  assert.equal(readFileSync(join(target, 'context/dvm-packages.txt'), 'utf8'), 'git\n')
})

test('the stream has the same bytes whenever and wherever the files were made', async (t) => {
  const make = (): string => {
    const root = temporaryDirectory(t)
    put(root, 'b', 'b')
    put(root, 'a/x', 'x', 0o755)
    mkdirSync(join(root, 'empty'))
    return root
  }
  const [first, second] = [make(), make()]
  utimesSync(join(second, 'b'), new Date(0), new Date(0))
  const pack = async (root: string): Promise<Buffer> => {
    const { files } = await port.scanBase(root)
    return buffer(port.pack([{ from: root, to: 'context', paths: Object.keys(files) }]))
  }
  assert.ok((await pack(first)).equals(await pack(second)))
})

test('the scan sees content, mode and links, but not times', async (t) => {
  const root = temporaryDirectory(t)
  put(root, 'a', 'one')
  symlinkSync('a', join(root, 'l'))
  mkdirSync(join(root, 'e'))
  const scan = async () => (await port.scanBase(root)).files
  const before = await scan()
  assert.match(before['a'] ?? '', /^644:[0-9a-f]{64}$/)
  assert.deepEqual({ ...before, a: '' }, { a: '', l: 'link:a', 'e/': 'directory' })
  utimesSync(join(root, 'a'), new Date(0), new Date(0))
  assert.deepEqual(await scan(), before)
  chmodSync(join(root, 'a'), 0o755)
  assert.notEqual((await scan())['a'], before['a'])
  put(root, 'a', 'two')
  assert.notEqual((await scan())['a'], before['a'])
})

test('what others could write to is refused, directories too, unless it is not shipped; one command repairs all of it', async (t) => {
  const root = temporaryDirectory(t)
  for (const path of ['Containerfile', 'files/tool', 'ignored', '.git/config']) put(root, path)
  put(root, '.containerignore', 'ignored\n')
  for (const path of ['ignored', '.git', '.git/config']) chmodSync(join(root, path), 0o777)
  assert.deepEqual(Object.keys((await port.scanBase(root)).files), ['Containerfile', 'files/tool'])
  chmodSync(join(root, 'files'), 0o775)
  chmodSync(join(root, 'files/tool'), 0o666)
  const error = await port.scanBase(root).then(
    () => assert.fail('it was not refused'),
    (error: unknown) => error as DvmError,
  )
  assert.equal(error.code, 'refused')
  assert.equal(error.message, `${root}/files, ${root}/files/tool: other users can write to it`)
  execFileSync('bash', { input: error.hint ?? '' })
  await port.scanBase(root)
})

test('ignore files decide: .containerignore before .dockerignore, secrets are told', async (t) => {
  const root = temporaryDirectory(t)
  for (const path of ['Containerfile', 'a', 'b', '.env', '.git/HEAD', 'flavour', 'dev/Containerfile'])
    put(root, path)
  put(root, '.dockerignore', 'a\n')
  const docker = await port.scanBase(root)
  assert.deepEqual([Object.keys(docker.files), docker.ignoreFile], [['Containerfile', 'b'], '.dockerignore'])
  put(root, '.containerignore', 'b\n')
  const { files, secrets, ignoreFile } = await port.scanBase(root)
  assert.deepEqual([Object.keys(files), ignoreFile], [['Containerfile', 'a'], '.containerignore'])
  assert.deepEqual(secrets, ['.env'])
})

test('a folder of dvm’s own ships whole', async (t) => {
  const root = temporaryDirectory(t)
  for (const path of ['a.pem', '.env', 'x/y']) put(root, path)
  assert.deepEqual(Object.keys((await port.scanFolder(root)).files), ['.env', 'a.pem', 'x/y'])
})

test('a list of what stays out that is no file is an error, not something to wait for', async (t) => {
  for (const name of ['.containerignore', '.dockerignore']) {
    const root = temporaryDirectory(t)
    execFileSync('mkfifo', [join(root, name)])
    await assert.rejects(port.scanBase(root), { code: 'config', message: `${root}/${name} is not a file` })
  }
})

test('what cannot be shipped is named, with what to do', async (t) => {
  const root = temporaryDirectory(t)
  execFileSync('mkfifo', [join(root, 'pipe')])
  await assert.rejects(port.scanBase(root), {
    code: 'config',
    message: `${root}/pipe is neither a file, a directory nor a link`,
    hint: 'remove it, or add "pipe" to .containerignore',
  })
  put(root, '.containerignore', 'pipe\n')
  assert.deepEqual((await port.scanBase(root)).files, {})
})

test('what dvm reads may be a link out of the directory: content counts and is shipped', async (t) => {
  const [root, dotfiles] = [temporaryDirectory(t), temporaryDirectory(t)]
  put(dotfiles, 'Containerfile', 'FROM dvm-base\n')
  put(dotfiles, 'list', 'git\n')
  symlinkSync(join(dotfiles, 'Containerfile'), join(root, 'Containerfile'))
  symlinkSync(join(dotfiles, 'list'), join(root, 'packages.txt'))
  symlinkSync('packages.txt', join(root, 'other'))
  const scan = async () => (await port.scanBase(root)).files
  const files = await scan()
  assert.match(files['Containerfile'] ?? '', /^644:/)
  assert.match(files['packages.txt'] ?? '', /^644:/)
  const target = await extract(t, [
    { from: root, to: 'context', paths: Object.keys(files) },
    { from: root, to: 'context', paths: ['packages.txt'], as: 'dvm-packages.txt' },
  ])
  assert.deepEqual(listed(join(target, 'context')), [
    'Containerfile 644',
    'dvm-packages.txt 644',
    'other -> packages.txt',
    'packages.txt 644',
  ])
  assert.equal(readFileSync(join(target, 'context/Containerfile'), 'utf8'), 'FROM dvm-base\n')
  put(dotfiles, 'list', 'git\nvim\n')
  assert.notEqual((await scan())['packages.txt'], files['packages.txt'])
  chmodSync(join(dotfiles, 'list'), 0o666)
  await assert.rejects(scan(), {
    code: 'refused',
    message: `${root}/packages.txt: other users can write to it`,
  })
  rmSync(join(dotfiles, 'list'))
  await assert.rejects(scan(), {
    code: 'config',
    message: `${root}/packages.txt is a link that leads nowhere`,
    hint: `see where it should lead: ls -l '${root}/packages.txt'`,
  })
})

test('a file that decides without being shipped is its owner’s alone, too', async (t) => {
  for (const name of ['.containerignore', '.dockerignore', 'flavour']) {
    const root = temporaryDirectory(t)
    put(root, 'Containerfile')
    put(root, name, '', 0o666)
    await assert.rejects(port.scanBase(root), {
      code: 'refused',
      message: `${root}/${name}: other users can write to it`,
    })
  }
})

test('an empty directory that others can write to is named once', async (t) => {
  const root = temporaryDirectory(t)
  mkdirSync(join(root, 'empty'))
  chmodSync(join(root, 'empty'), 0o777)
  await assert.rejects(port.scanBase(root), { message: `${root}/empty: other users can write to it` })
})

test('a name that is not UTF-8 is told, unless it stays out', async (t) => {
  for (const name of ['name', 'directory/'] as const) {
    const root = temporaryDirectory(t)
    const path = Buffer.concat([Buffer.from(`${root}/b\u0061d-`), Buffer.from([0xff])])
    if (name === 'name') writeFileSync(path, '')
    else mkdirSync(path)
    await assert.rejects(port.scanBase(root), {
      code: 'config',
      message: `${root}/bad-\uFFFD: its name is not UTF-8`,
      hint: `rename it, or move it out of there; see what it is: ls -lb '${root}'`,
    })
  }
  const root = temporaryDirectory(t)
  writeFileSync(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff])]), '')
  put(root, '.containerignore', 'bad-*\n')
  assert.deepEqual((await port.scanBase(root)).files, {})
})

test('a link to a name that is not UTF-8 is told: it could not be shipped as it is', async (t) => {
  const root = temporaryDirectory(t)
  symlinkSync(Buffer.from([0x61, 0xff]), join(root, 'link'))
  await assert.rejects(port.scanBase(root), {
    code: 'config',
    message: `${root}/link leads to a name that is not UTF-8`,
  })
})

test('what decides without being shipped may be a link, but not one into a place of everybody’s', async (t) => {
  const [root, dotfiles] = [temporaryDirectory(t), temporaryDirectory(t)]
  put(root, 'Containerfile')
  put(root, 'b')
  put(root, '.dockerignore', '', 0o666)
  put(dotfiles, 'x/ignore', 'b\n')
  symlinkSync(join(dotfiles, 'x/ignore'), join(root, '.containerignore'))
  assert.deepEqual(Object.keys((await port.scanBase(root)).files), ['Containerfile'])
  chmodSync(join(dotfiles, 'x'), 0o777)
  await assert.rejects(port.scanBase(root), { message: `${dotfiles}/x: other users can write to it` })
})
