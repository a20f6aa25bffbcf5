// templates/guest/build-dev-base.sh with a real bash and tar; podman is a stand-in that writes down what it is given.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { oldDevBases } from '../../src/core/dev-base.ts'
import { loginArgv } from '../../src/core/guest-entry.ts'
import { temporaryDirectory, writePrivate, writeProgram } from '../support/temporary.ts'

const script = readFileSync(resolve(import.meta.dirname, '../../templates/guest/build-dev-base.sh'), 'utf8')

/** Longer than a block of tar. */
const containerfile = `FROM x\n${'# '.repeat(1000)}\n`

const setUp = (t: TestContext, exitCode = 0) => {
  const root = temporaryDirectory(t)
  const home = join(root, "a $(touch broken) 'home'")
  mkdirSync(home)
  writePrivate(join(root, 'base/dev/Containerfile'), containerfile)
  writePrivate(join(root, 'base/dev/files/two words'), 'hello\n')
  writePrivate(join(root, 'list/dev/dvm-packages.txt'), 'tree\n')
  // Writes its arguments, one a line, and the context that they name.
  writeProgram(
    join(root, 'bin/podman'),
    `#!/bin/bash
echo "$1 $2" >>'${root}/calls'
if [[ $1 != build ]]; then exit; fi
printf '%s\\n' "$@" >'${root}/arguments'
cp -r "\${@: -1}" '${root}/context'
cat >'${root}/stdin'
exit ${exitCode}
`,
  )
  const archive = (folder: string): Buffer => {
    const { stdout, status } = spawnSync('tar', ['--create', '--directory', join(root, folder), 'dev'])
    assert.equal(status, 0)
    return stdout
  }
  const build = (values: readonly string[], input: Buffer) => {
    const [bash = '', ...args] = loginArgv(`${oldDevBases}${script}`, 'dvm:sync', values)
    return spawnSync(bash, args, {
      input,
      encoding: 'utf8',
      cwd: root,
      env: { HOME: home, PATH: `${join(root, 'bin')}:/usr/bin:/bin` },
    })
  }
  return {
    root,
    home,
    build,
    // As dvm sends it: several archives in one stream.
    context: Buffer.concat([archive('base'), archive('list')]),
    read: (path: string): string => readFileSync(join(root, path), 'utf8'),
  }
}

test('podman gets the whole context and each value as one word, and nothing stays behind', (t) => {
  const { root, home, build, context, read } = setUp(t)
  const from = 'docker.io/x@sha256:1;touch "$(broken)"'
  const { status, stderr } = build(['h1', from, '--no-cache', '--device', 'a b'], context)
  assert.deepEqual([status, stderr], [0, ''])
  const words = read('arguments').trimEnd().split('\n')
  const directory = words.at(-1) ?? ''
  assert.deepEqual(words, [
    'build',
    '--layers',
    '--tag',
    'localhost/dvm-dev-base:latest',
    '--label',
    'dvm.hash=h1',
    '--build-arg',
    `DVM_DEV_FROM=${from}`,
    '--no-cache',
    '--device',
    'a b',
    '--file',
    `${directory}/Containerfile`,
    directory,
  ])
  // Not below /tmp, which may be in memory.
  assert.ok(directory.startsWith(`${home}/.dvm-dev-base.`), directory)
  assert.deepEqual(
    ['Containerfile', 'files/two words', 'dvm-packages.txt'].map((path) => read(`context/${path}`)),
    [containerfile, 'hello\n', 'tree\n'],
  )
  assert.equal(read('stdin'), '', 'RUN lines cannot read the context')
  // The one of before gets its name first, and goes afterwards.
  assert.equal(read('calls'), 'image inspect\nbuild --layers\nimages --format\n')
  assert.deepEqual([readdirSync(home), existsSync(join(root, 'broken'))], [[], false])
})

test('a build that fails is a failure with podman’s exit code, and leaves no files', (t) => {
  const { home, build, context } = setUp(t, 3)
  assert.equal(build(['h1', 'x'], context).status, 3)
  assert.deepEqual(readdirSync(home), [])
})

test('a context that was cut off is not built', (t) => {
  const { root, home, build, context } = setUp(t)
  assert.notEqual(build(['h1', 'x'], context.subarray(0, context.indexOf(containerfile) + 700)).status, 0)
  assert.deepEqual([existsSync(join(root, 'arguments')), readdirSync(home)], [false, []])
})
