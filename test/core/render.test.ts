import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'
import { chooseFlavour } from '../../src/core/base-flavour.ts'
import { insideDoubleQuotes, render } from '../../src/core/render.ts'

const plain = (value: string): string => value

test('fills in every place, once', () => {
  assert.equal(render('{{a}} {{b}} {{a}}', { a: '{{b}}', b: '$&' }, plain), '{{b}} $& {{b}}')
})

test('a name without a value and a value without a place are bugs', () => {
  assert.throws(() => render('{{a}}', {}, plain), /needs a value for \{\{a\}\}/)
  assert.throws(() => render('{{toString}}', {}, plain), /needs a value/)
  assert.throws(() => render('', { a: '1' }, plain), /does not use a/)
})

test('leaves the braces of other languages alone', () => {
  const text = '{{.Name}} {{ json . }} ${x} {{A}}'
  assert.equal(render(text, {}, plain), text)
})

test('a value between double quotes comes out of the shell as it went in', () => {
  for (const value of ['$(id) `id` $HOME "x" \\ \\" \\$', "it's", 'a\nb', 'ü', '!!', '*']) {
    const script = render('printf %s "{{value}}"', { value }, insideDoubleQuotes)
    assert.equal(execFileSync('bash', { input: script, encoding: 'utf8' }), value)
  }
})

test('what was asked for goes before what is recorded, and that before the default', () => {
  assert.equal(chooseFlavour('fedora', 'debian').name, 'fedora')
  assert.equal(chooseFlavour(undefined, 'debian\n').name, 'debian')
  assert.equal(chooseFlavour(undefined, ' \n').name, 'fedora')
  assert.equal(chooseFlavour(undefined, undefined).name, 'fedora')
  assert.throws(() => chooseFlavour(undefined, '../etc'), {
    code: 'config',
    message: 'unknown flavour "../etc"',
  })
})
