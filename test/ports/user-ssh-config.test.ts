// The person's own file: what it is (a link, its mode) stays; it is written whole or not at all.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { createUserSshConfig } from '../../src/ports/user-ssh-config.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

const front = (before: Buffer): Buffer => Buffer.concat([Buffer.from('x\n'), before])
const mode = (path: string): string => (statSync(path).mode & 0o7777).toString(8)

test('makes it, private, where there is none', async (t) => {
  const home = temporaryDirectory(t)
  const config = createUserSshConfig(home)
  const { path } = config
  assert.equal(path, join(home, '.ssh/config'))
  assert.equal(await config.edit((before) => before), false)
  assert.equal(existsSync(join(home, '.ssh')), false, 'a change that is none makes nothing')
  assert.equal(await config.edit(front), true)
  assert.equal(readFileSync(path, 'utf8'), 'x\n')
  assert.deepEqual([mode(path), mode(join(home, '.ssh'))], ['600', '700'])
})

test('what is left empty goes where it was of dvm’s own making, and stays where it was not', async (t) => {
  const home = temporaryDirectory(t)
  const config = createUserSshConfig(home)
  const empty = (): Buffer => Buffer.alloc(0)
  await config.edit(front)
  assert.equal(await config.edit(empty), true)
  assert.equal(existsSync(config.path), false)
  writePrivate(config.path, 'x\n')
  chmodSync(config.path, 0o644)
  assert.equal(await config.edit(empty), true)
  assert.equal(readFileSync(config.path, 'utf8'), '')
  const dotfiles = writePrivate(join(home, 'dotfiles'), 'x\n')
  rmSync(config.path)
  symlinkSync(dotfiles, config.path)
  assert.equal(await config.edit(empty), true)
  assert.equal(readFileSync(dotfiles, 'utf8'), '')
})

test('keeps mode and bytes, and leaves nothing beside it', async (t) => {
  const home = temporaryDirectory(t)
  const path = writePrivate(join(home, '.ssh/config'), '')
  const bytes = Buffer.from([0x48, 0xff, 0x00, 0x0d, 0x0a, 0x80])
  for (const bits of [0o644, 0o664, 0o400, 0o640]) {
    chmodSync(path, 0o600)
    writeFileSync(path, bytes)
    chmodSync(path, bits)
    assert.equal(await createUserSshConfig(home).edit(front), true)
    assert.deepEqual(readFileSync(path), front(bytes))
    assert.equal(mode(path), bits.toString(8))
  }
  assert.deepEqual(readdirSync(join(home, '.ssh')), ['config'])
})

test('writes through links, relative ones and those of directories too', async (t) => {
  const home = temporaryDirectory(t)
  const target = writePrivate(join(home, 'dotfiles/ssh/deep/config'), 'own\n')
  mkdirSync(join(home, 'dotfiles/ssh/real'))
  symlinkSync('../deep/config', join(home, 'dotfiles/ssh/real/config'))
  symlinkSync('dotfiles/ssh/real', join(home, '.ssh'))
  const config = createUserSshConfig(home)
  assert.equal(await config.edit(front), true)
  assert.equal(readFileSync(target, 'utf8'), 'x\nown\n')
  assert.equal(readlinkSync(config.path), '../deep/config')
  assert.ok(lstatSync(join(home, '.ssh')).isSymbolicLink())
})

test('a link to what is not there yet is where it is made', async (t) => {
  const home = temporaryDirectory(t)
  mkdirSync(join(home, '.ssh'))
  mkdirSync(join(home, 'elsewhere'))
  symlinkSync('../elsewhere/config', join(home, '.ssh/config'))
  assert.equal(await createUserSshConfig(home).edit(front), true)
  assert.equal(readFileSync(join(home, 'elsewhere/config'), 'utf8'), 'x\n')
  assert.equal(mode(join(home, 'elsewhere/config')), '600')
})

const ways: readonly [string, (home: string) => void][] = [
  ['a directory', (home) => mkdirSync(join(home, '.ssh/config'), { recursive: true })],
  [
    'a link to itself',
    (home) => {
      mkdirSync(join(home, '.ssh'))
      symlinkSync('config', join(home, '.ssh/config'))
    },
  ],
  [
    'a link to nowhere',
    (home) => {
      mkdirSync(join(home, '.ssh'))
      symlinkSync('/nonexistent/place/config', join(home, '.ssh/config'))
    },
  ],
  ['in a file', (home) => writeFileSync(join(home, '.ssh'), '')],
  ['in a place that takes no files', (home) => symlinkSync('/proc/self/fdinfo', join(home, '.ssh'))],
]
for (const [what, make] of ways)
  test(`${what} is an error that names the file`, async (t) => {
    const home = temporaryDirectory(t)
    make(home)
    await assert.rejects(createUserSshConfig(home).edit(front), {
      name: 'DvmError',
      code: 'failed',
      message: /\/\.ssh\/config cannot be changed: /,
      hint: `see what is there, and move it away: ls -ld '${home}/.ssh' '${home}/.ssh/config'`,
    })
  })

test('a place that is closed has no hint: what to do depends on the change', async (t) => {
  const home = temporaryDirectory(t)
  // To root most places are open.
  if (process.getuid?.() === 0) symlinkSync('/sys/fs', join(home, '.ssh'))
  else mkdirSync(join(home, '.ssh'), { mode: 0o500 })
  await assert.rejects(createUserSshConfig(home).edit(front), {
    code: 'failed',
    message: /\/\.ssh\/config cannot be changed: /,
    hint: undefined,
  })
})

test('a change that fails changes nothing', async (t) => {
  const home = temporaryDirectory(t)
  const path = writePrivate(join(home, '.ssh/config'), 'own\n')
  const edit = createUserSshConfig(home).edit(() => {
    throw new Error('no')
  })
  await assert.rejects(edit, /^Error: no$/)
  assert.equal(readFileSync(path, 'utf8'), 'own\n')
})

test('a directory in its place is told with what shows it', async (t) => {
  const home = temporaryDirectory(t)
  mkdirSync(join(home, '.ssh/config'), { recursive: true })
  const error: unknown = await createUserSshConfig(home)
    .edit(front)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    )
  assert.match(String((error as { hint?: string }).hint), /: ls -ld '/)
})

test('a pipe in its place is an error, not something to wait for', async (t) => {
  const home = temporaryDirectory(t)
  mkdirSync(join(home, '.ssh'), { mode: 0o700 })
  const config = createUserSshConfig(home)
  const { path } = config
  execFileSync('mkfifo', [path])
  await assert.rejects(config.edit(front), { code: 'failed', message: `${path} is not a file` })
})
