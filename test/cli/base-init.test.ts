import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { runDvm } from '../support/dvm.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

const template = (path: string): string =>
  readFileSync(resolve(import.meta.dirname, '../../templates', path), 'utf8')
const next = 'add what every VM should have, then: dvm base build\n'
const devNext = 'list packages in packages.txt: dvm base build bakes them into the base\n'

const choices: readonly [string, readonly string[], Record<string, string>][] = [
  ['fedora', [], {}],
  ['fedora', ['--flavour', 'fedora'], { DVM_FLAVOUR: 'debian' }],
  ['debian', ['--flavour', 'debian'], {}],
  ['debian', [], { DVM_FLAVOUR: 'debian' }],
]
for (const [flavour, flags, env] of choices)
  test(`init ${flags.join(' ')} ${JSON.stringify(env)} writes the starter of ${flavour} and records it`, async (t) => {
    const home = temporaryDirectory(t)
    const base = join(home, '.config/dvm/base')
    assert.deepEqual(await runDvm(home, ['base', 'init', ...flags], env), {
      exitCode: 0,
      stdout: '~/.config/dvm/base/Containerfile\n~/.config/dvm/base/flavour\n',
      stderr: next,
    })
    assert.equal(
      readFileSync(join(base, 'Containerfile'), 'utf8'),
      template(`${flavour}/starter.Containerfile`),
    )
    assert.equal(readFileSync(join(base, 'flavour'), 'utf8'), `${flavour}\n`)
    assert.equal(statSync(base).mode & 0o777, 0o700)
    assert.deepEqual(
      readdirSync(base).map((name) => statSync(join(base, name)).mode & 0o777),
      [0o600, 0o600],
    )
  })

test('init refuses a Containerfile that is there and changes nothing', async (t) => {
  const home = temporaryDirectory(t)
  const base = join(home, '.config/dvm/base')
  const mine = writePrivate(join(base, 'Containerfile'), 'FROM dvm-base\n')
  writePrivate(join(base, 'flavour'), 'fedora\n')
  assert.deepEqual(await runDvm(home, ['base', 'init', '--flavour', 'debian']), {
    exitCode: 9,
    stdout: '',
    stderr: `dvm: ~/.config/dvm/base/Containerfile exists already; dvm does not change it\n  try: edit it, then: dvm base build (to start over, move it away and run dvm base init again)\n`,
  })
  assert.equal(readFileSync(mine, 'utf8'), 'FROM dvm-base\n')
  assert.equal(readFileSync(join(base, 'flavour'), 'utf8'), 'fedora\n')
})

test('an unknown flavour is an error wherever it comes from, and nothing is written', async (t) => {
  const home = temporaryDirectory(t)
  const unknown = (name: string) => ({
    exitCode: 3,
    stdout: '',
    stderr: `dvm: unknown flavour "${name}"\n  try: use one of: fedora, debian\n`,
  })
  for (const name of ['arch', '../../etc', 'Fedora', '$(id)', '__proto__'])
    assert.deepEqual(await runDvm(home, ['base', 'init', '--flavour', name]), unknown(name))
  assert.deepEqual(await runDvm(home, ['base', 'init'], { DVM_FLAVOUR: 'arch' }), unknown('arch'))
  assert.deepEqual(readdirSync(home), [])
  writePrivate(join(home, '.config/dvm/base/flavour'), 'gentoo\n')
  assert.deepEqual(await runDvm(home, ['base', 'dev-init']), unknown('gentoo'))
  assert.deepEqual(readdirSync(join(home, '.config/dvm/base')), ['flavour'])
})

test('dev-init writes the dev Containerfile of the recorded flavour and the list of packages', async (t) => {
  const home = temporaryDirectory(t)
  const base = join(home, '.config/dvm/base')
  await runDvm(home, ['base', 'init', '--flavour', 'debian'])
  assert.deepEqual(await runDvm(home, ['base', 'dev-init']), {
    exitCode: 0,
    stdout: '~/.config/dvm/base/dev/Containerfile\n~/.config/dvm/base/packages.txt\n',
    stderr: devNext,
  })
  assert.equal(readFileSync(join(base, 'dev/Containerfile'), 'utf8'), template('debian/dev.Containerfile'))
  assert.equal(readFileSync(join(base, 'packages.txt'), 'utf8'), template('scaffold/packages.txt'))
  assert.equal(statSync(join(base, 'dev')).mode & 0o777, 0o700)
  assert.deepEqual(await runDvm(home, ['base', 'dev-init']), {
    exitCode: 9,
    stdout: '',
    stderr: `dvm: ~/.config/dvm/base/dev/Containerfile exists already; dvm does not change it\n  try: edit it, or move it away and run dvm base dev-init again\n`,
  })
})

test('a dev-base that was begun before the flavour was chosen is told, unless it was edited', async (t) => {
  const home = temporaryDirectory(t)
  await runDvm(home, ['base', 'dev-init'])
  const dev = join(home, '.config/dvm/base/dev/Containerfile')
  const init = () => runDvm(home, ['base', 'init', '--flavour', 'debian'])
  const told = `warning: ${dev} was begun for fedora; to begin it anew: rm '${dev}'; dvm base dev-init\n`
  assert.equal((await init()).stderr, told + next)
  rmSync(join(home, '.config/dvm/base/Containerfile'))
  appendFileSync(dev, 'RUN true\n')
  assert.equal((await init()).stderr, next)
  rmSync(join(home, '.config/dvm/base/Containerfile'))
  rmSync(dev)
  mkdirSync(dev)
  assert.deepEqual(await init().then(({ exitCode, stderr }) => [exitCode, stderr]), [0, next])
})

test('dev-init adds the list of packages to a dev Containerfile that is there', async (t) => {
  const home = temporaryDirectory(t)
  writePrivate(join(home, '.config/dvm/base/dev/Containerfile'), 'FROM fedora\n')
  const { exitCode, stdout } = await runDvm(home, ['base', 'dev-init'])
  assert.deepEqual([exitCode, stdout], [0, '~/.config/dvm/base/packages.txt\n'])
})

test('dev-init keeps a list of packages that is there', async (t) => {
  const home = temporaryDirectory(t)
  const list = writePrivate(join(home, '.config/dvm/base/packages.txt'), 'tmux # mine\n')
  assert.deepEqual(await runDvm(home, ['base', 'dev-init']), {
    exitCode: 0,
    stdout: '~/.config/dvm/base/dev/Containerfile\n',
    stderr: devNext,
  })
  assert.equal(readFileSync(list, 'utf8'), 'tmux # mine\n')
})

test('both follow DVM_BASE_DIR', async (t) => {
  const home = temporaryDirectory(t)
  const env = { DVM_BASE_DIR: join(home, 'my base') }
  assert.deepEqual(await runDvm(home, ['base', 'init'], env), {
    exitCode: 0,
    stdout: '~/my base/Containerfile\n~/my base/flavour\n',
    stderr: next,
  })
  assert.equal(
    (await runDvm(home, ['base', 'dev-init'], env)).stdout,
    '~/my base/dev/Containerfile\n~/my base/packages.txt\n',
  )
  mkdirSync(join(home, 'file-above'))
  writeFileSync(join(home, 'file-above/x'), '')
  const failed = await runDvm(home, ['base', 'init'], { DVM_BASE_DIR: join(home, 'file-above/x') })
  assert.equal(failed.exitCode, 1)
})
