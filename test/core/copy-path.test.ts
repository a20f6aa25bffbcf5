// Which side of a copy is in a VM, and what the paths there mean.
import assert from 'node:assert/strict'
import test from 'node:test'
import { absoluteIn, endsAbove, nameOf, parseCopy, pathText, relativePath } from '../../src/core/copy-path.ts'

/** `VM[/PROJECT] PATH` of a side, or `local`. */
const side = (text: string): string => {
  const other = text.includes('/tmp/') ? '/x' : 'there'
  try {
    const { direction, remote, local } = parseCopy(text, other, 'dvm-builder')
    assert.deepEqual([direction, local], ['from-guest', other])
    const { vm, project } = remote.target
    return `${vm}${project === undefined ? '' : `/${project}`} ${remote.path}`
  } catch (error) {
    return (error as Error).message === 'neither side is in a VM' ? 'local' : (error as Error).message
  }
}

const sides: readonly (readonly [string, string])[] = [
  ['app:x', 'app x'],
  ['app:', 'app '],
  ['app:/etc/hosts', 'app /etc/hosts'],
  ['app:a:b', 'app a:b'],
  ['app:./x/', 'app ./x/'],
  ['app:-n', 'app -n'],
  ['app:a\nb', 'app a\nb'],
  ['app/api:x', 'app/api x'],
  ['app/api:', 'app/api '],
  ['file', 'local'],
  ['a/b/c', 'local'],
  ['', 'a path is empty'],
  ['.', 'local'],
  ['./a:b', 'local'],
  ['../a:b', 'local'],
  ['.a:b', 'local'],
  ['/x:y', 'local'],
  ['a/b/c:d', 'local'],
  ['Notes: a.txt', '"Notes" is not a VM name'],
  ['C:\\x', '"C" is not a VM name'],
  [':x', '"" is not a VM name'],
  ['app/Api:x', '"Api" is not a project name'],
  ['app/:x', '"" is not a project name'],
  ['base:x', '"base" is reserved for the base image workflow'],
]
for (const [text, meant] of sides)
  test(`${JSON.stringify(text)} is ${meant}`, () => assert.equal(side(text), meant))

test('a name with a colon that is no VM is told how to be a path', () =>
  assert.throws(() => parseCopy('Notes: a', 'app:', 'dvm-builder'), {
    code: 'usage',
    hint: 'a file of this machine with a colon in its name is written ./Notes: a',
  }))

test('exactly one side is in a VM', () => {
  assert.deepEqual(parseCopy('a', 'app:b', 'dvm-builder'), {
    direction: 'to-guest',
    local: 'a',
    remote: { target: { vm: 'app', project: undefined }, path: 'b' },
  })
  assert.throws(() => parseCopy('a', 'b', 'dvm-builder'), {
    code: 'usage',
    hint: 'write VM:PATH on one side: dvm cp FILE VM:, or dvm cp VM:FILE .',
  })
  assert.throws(() => parseCopy('app:a', 'web:b', 'dvm-builder'), {
    code: 'usage',
    message: 'both sides are in a VM; one must be a path of this machine',
    hint: 'copy it here first, then from here into the other VM; a file of this machine is written ./app:a',
  })
})

test('a relative path begins in the code directory; nothing of it is rewritten', () => {
  for (const [path, meant] of [
    ['', '/home/me/code/app/'],
    ['a b', '/home/me/code/app/a b'],
    ['../x/', '/home/me/code/app/../x/'],
    ['/etc', '/etc'],
    ['~/x', '/home/me/code/app/~/x'],
  ] as const)
    assert.equal(absoluteIn('/home/me/code/app', path), meant)
})

test('the name that a copy keeps', () => {
  for (const [path, name] of [
    ['/a/b', 'b'],
    ['/a/b/', 'b'],
    ['/a/b/.', 'b'],
    ['/a/b/..', 'a'],
    ['/home/me/code/app/', 'app'],
    ['/a/x\n', 'x\n'],
    ['/', ''],
    ['//', ''],
  ] as const)
    assert.equal(nameOf(path), name)
})

test('a path below a workspace: what a command takes for one, and whether its end has a name', () => {
  for (const [path, relative, above] of [
    ['', './', true],
    ['.', '.', true],
    ['a/..', 'a/..', true],
    ['../', '../', true],
    ['../x', '../x', false],
    ['a/../b', 'a/../b', false],
    ['-x', './-x', false],
    ['/a/..', '/a/..', false],
  ] as const)
    assert.deepEqual([relativePath(path), endsAbove(path)], [relative, above], path)
})

test('a path in a sentence stays on its line', () => {
  assert.equal(pathText('a b:$(c)'), 'a b:$(c)')
  assert.equal(pathText('a\n\u001B[2J'), String.raw`"a\n\u001b[2J"`)
})
