import assert from 'node:assert/strict'
import test from 'node:test'
import { parseSshConfig } from '../../../src/ports/lima/ssh-config.ts'
import { limaSshConfig } from '../../fakes/lima-ssh-config.ts'

const real = limaSshConfig({ name: 'dvm-app', sshPort: 37571 }, '/home/you/.lima/dvm-app', '/home/you/.lima')

test('reads key and port of what Lima writes', () => {
  assert.deepEqual(parseSshConfig(real), {
    identityFiles: ['/home/you/.lima/_config/user'],
    port: 37571,
    loginUser: 'user',
  })
})

test('all keys, in their order, with whatever is in their paths', () => {
  const more = real.replace(
    '  User user',
    '  IdentityFile "/a b/%h "q" \\ #/id"\n  identityfile /plain\n  User user',
  )
  assert.deepEqual(parseSshConfig(more)?.identityFiles, [
    '/home/you/.lima/_config/user',
    '/a b/%h "q" \\ #/id',
    '/plain',
  ])
})

test('is nothing without a key or a port that is one', () => {
  for (const text of [
    '',
    'Host lima-dvm-app\n',
    real.replace(/^.*IdentityFile.*\n/m, ''),
    real.replace(/^.*Port.*\n/m, ''),
    real.replace('37571', '0'),
    real.replace('37571', '65536'),
    real.replace('37571', 'x'),
  ])
    assert.equal(parseSshConfig(text), undefined, text)
})
