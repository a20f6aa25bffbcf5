import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { TestContext } from 'node:test'
import { checkOwnership } from '../../src/ports/ownership.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

/** A path whose name is as hostile as a file name can be. */
const setUp = (t: TestContext) => {
  const top = join(temporaryDirectory(t), `it's a "$(dir)" \n ü`)
  const file = writePrivate(join(top, 'vms', 'app', 'config.sh'), '')
  return { top, file, middle: join(top, 'vms') }
}
const refusal = async (path: string, upTo: string): Promise<{ message: string; hint: string }> => {
  const error: unknown = await checkOwnership(path, upTo).then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(error instanceof Error && 'exitCode' in error && 'hint' in error, 'was not refused')
  assert.equal(error.exitCode, 9)
  return { message: error.message, hint: String(error.hint) }
}

test('private files in private directories are fine, as is what others may only read', async (t) => {
  const { top, file, middle } = setUp(t)
  await checkOwnership(file, top)
  chmodSync(file, 0o755)
  chmodSync(middle, 0o755)
  await checkOwnership(file, top)
  await checkOwnership(top, top)
})

for (const mode of [0o720, 0o702, 0o777])
  test(`mode ${mode.toString(8)} anywhere up to the top is refused, and the command given repairs it`, async (t) => {
    const { top, file, middle } = setUp(t)
    for (const path of [top, middle, file]) {
      chmodSync(path, mode)
      const { message, hint } = await refusal(file, top)
      assert.equal(message, `${path}: other users can write to it`)
      execFileSync('bash', { input: hint })
      await checkOwnership(file, top)
    }
  })

test('one command repairs all that is wrong', async (t) => {
  const { top, file, middle } = setUp(t)
  chmodSync(middle, 0o777)
  chmodSync(file, 0o666)
  execFileSync('bash', { input: (await refusal(file, top)).hint })
  await checkOwnership(file, top)
})

test('what is above the top does not count', async (t) => {
  const { top, file } = setUp(t)
  chmodSync(join(top, '..'), 0o777)
  await checkOwnership(file, top)
})

test('a link counts as what it leads to, and the directory that holds that', async (t) => {
  const { top } = setUp(t)
  const dotfiles = join(temporaryDirectory(t), 'dotfiles')
  const target = writePrivate(join(dotfiles, 'config.sh'), '')
  const link = join(top, 'config.sh')
  symlinkSync(target, link)
  await checkOwnership(link, top)
  chmodSync(dotfiles, 0o777)
  assert.equal((await refusal(link, top)).hint, `chmod go-w '${dotfiles}'`)
  chmodSync(dotfiles, 0o700)
  chmodSync(target, 0o666)
  assert.match((await refusal(link, top)).message, /other users can write/)
})

test('a link that leads through another one is followed step by step', async (t) => {
  const { top } = setUp(t)
  const [world, real] = [temporaryDirectory(t), temporaryDirectory(t)]
  writePrivate(join(real, 'config.sh'), '')
  symlinkSync(join(real, 'config.sh'), join(world, 'link'))
  symlinkSync(join(world, 'link'), join(top, 'config.sh'))
  await checkOwnership(join(top, 'config.sh'), top)
  chmodSync(world, 0o777)
  assert.equal((await refusal(join(top, 'config.sh'), top)).message, `${world}: other users can write to it`)
  symlinkSync('loop', join(top, 'loop'))
  await assert.rejects(checkOwnership(join(top, 'loop'), top), { code: 'ELOOP' })
})

test('a directory above that is a link counts as what it leads to as well', async (t) => {
  const { top } = setUp(t)
  const shared = join(temporaryDirectory(t), 'shared')
  writePrivate(join(shared, 'base', 'Containerfile'), '')
  symlinkSync(join(shared, 'base'), join(top, 'base'))
  const path = join(top, 'base', 'Containerfile')
  await checkOwnership(path, top)
  chmodSync(shared, 0o777)
  assert.equal((await refusal(path, top)).message, `${shared}: other users can write to it`)
  assert.equal((await refusal(join(top, 'base'), join(top, 'base'))).hint, `chmod go-w '${shared}'`)
  // As /tmp: there nobody can put another base in the place of this one.
  chmodSync(shared, 0o1777)
  await checkOwnership(path, top)
})

test("another user's file is refused", async (t) => {
  if (process.getuid?.() === 0) {
    const { top, file } = setUp(t)
    chownSync(file, 12_345, 12_345)
    const { message, hint } = await refusal(file, top)
    assert.equal(message, `${file}: belongs to another user`)
    assert.ok(hint.startsWith('sudo chown root '), hint)
    execFileSync('bash', { input: hint.replace(/^sudo /, '') })
    await checkOwnership(file, top)
  } else {
    assert.match((await refusal('/etc/passwd', '/etc/passwd')).message, /belongs to another user/)
  }
})

test('a path that is not below the top is a bug of the caller', async (t) => {
  const { top } = setUp(t)
  mkdirSync(`${top}-not`)
  await assert.rejects(checkOwnership(`${top}-not`, top), /is not below/)
})
