// Two lines in a file that is somebody else's: every other byte stays.
import assert from 'node:assert/strict'
import test from 'node:test'
import { addInclude, removeInclude } from '../../src/core/ssh-include.ts'

const include = 'Include "/home/you/.local/state/dvm/ssh/config"'
const add = (text: string): string => addInclude(Buffer.from(text, 'latin1'), include).toString('latin1')
const remove = (text: string): string =>
  removeInclude(Buffer.from(text, 'latin1'), include).toString('latin1')
const block = add('')
const comment = block.split('\n')[0] ?? ''

test('the lines say whose they are', () => {
  assert.match(block, /^# From dvm.*dvm ssh-config --remove.*\nInclude "\/home\/you\/[^\n]*\n$/)
})

const forms: readonly [string, string][] = [
  ['nothing', ''],
  ['one line', 'Host a\n'],
  ['no newline at its end', 'Host a\n  User b'],
  ['only a newline', '\n'],
  ['blank lines and comments first', '\n\n# mine\n\nHost a\n'],
  ['other Includes first', 'Include ~/.orbstack/ssh/config\n\nHost a\n'],
  ['options for all hosts first', 'Compression yes\nHost a\n'],
  ['tabs, trailing blanks and form feeds', '\tHost a  \n\f\n  User b\t'],
  ['bytes that are no UTF-8', 'Host a\n# \xff\xfe\x80\nHost b\n'],
  ['UTF-8', `# ${Buffer.from('grüße 日本').toString('latin1')}\n`],
  ['a byte order mark', '\xef\xbb\xbfHost a\n'],
  ['lone carriage returns', 'Host a\rHost b\n'],
  ['NUL', 'Host a\0\n'],
  ['an Include of another program with our word in it', 'Include "/x/dvm/ssh/config"\n'],
  ['our path in a comment', `# ${include}\nHost a\n`],
  ['a comment like ours without an Include after it', `${comment}\nHost a\n`],
  ['a comment like ours before an Include of others', `${comment}\nInclude ~/.other/ssh/config\nHost a\n`],
]
for (const [what, text] of forms)
  test(`a file with ${what}: added once, at the beginning, and taken out without a trace`, () => {
    const added = add(text)
    assert.equal(added, block + text)
    assert.equal(add(added), added)
    assert.equal(remove(added), text)
    assert.equal(remove(text), text)
  })

test('a file with CRLF gets lines with CRLF', () => {
  const text = 'Host a\r\n  User b\r\n'
  assert.equal(add(text), `${block.replaceAll('\n', '\r\n')}${text}`)
  assert.equal(add(add(text)), add(text))
  assert.equal(remove(add(text)), text)
  assert.equal(add('Host a\nHost b\r\n'), `${block}Host a\nHost b\r\n`)
})

const moved: readonly [string, string, string][] = [
  ['below comments stays', `# mine\n${block}Host a\n`, `# mine\n${block}Host a\n`],
  ['below global options stays', `User x\n${block}Host a\n`, `User x\n${block}Host a\n`],
  ['below a Host goes up', `Host a\n${block}  User b\n`, `${block}Host a\n  User b\n`],
  ['below a Match goes up', `match all\n${block}`, `${block}match all\n`],
  ['below an indented Host= goes up', ` Host=a\n${block}`, `${block} Host=a\n`],
  ['without its comment stays', `${include}\nHost a\n`, `${include}\nHost a\n`],
  ['of another place is replaced', `${comment}\nInclude "/old/ssh/config"\nHost a\n`, `${block}Host a\n`],
  ['twice is made one', `${block}${block}Host a\n`, `${block}Host a\n`],
  ['half of a pair twice is made one', `${include}\n${block}Host a\n`, `${block}Host a\n`],
]
for (const [what, text, wanted] of moved)
  test(`an Include of ours ${what}`, () => {
    assert.equal(add(text), wanted)
    assert.equal(add(wanted), wanted)
  })

test('all lines of ours go, wherever they are, and nothing else', () => {
  assert.equal(remove(`Host a\n${block}  User b`), 'Host a\n  User b')
  assert.equal(remove(`Host a\n${block.trimEnd()}`), 'Host a\n')
  assert.equal(
    remove(`${block}${include}\nHost a\n${comment}\nInclude "/old/ssh/config"\n# end`),
    'Host a\n# end',
  )
})
