import assert from 'node:assert/strict'
import test from 'node:test'
import { contextRules } from '../../src/core/context-plan.ts'

const shipped = (ignore: string | undefined, paths: readonly string[], hasDevBase = false): string[] =>
  paths.filter(contextRules(ignore, hasDevBase).ships)

test('everything ships without an ignore file, but not dvm’s record and version control', () => {
  const paths = [
    'Containerfile',
    'a',
    'sub/.gitignore',
    '.git/HEAD',
    '.containerignore',
    '.dockerignore',
    'flavour',
  ]
  assert.deepEqual(shipped(undefined, paths), ['Containerfile', 'a', 'sub/.gitignore'])
})

const tree = [
  'Containerfile',
  'a.log',
  'b.txt',
  'sub/a.log',
  'sub/deep/a.log',
  'sub/keep.log',
  'tmp/x',
  'tmpx',
]
const ignored: readonly [string, string, readonly string[]][] = [
  ['a name at the top only', 'a.log', tree.filter((path) => path !== 'a.log')],
  ['a pattern with ** at every depth', '**/*.log', ['Containerfile', 'b.txt', 'tmp/x', 'tmpx']],
  ['a directory, with or without slashes', '/tmp/\nsub/', ['Containerfile', 'a.log', 'b.txt', 'tmpx']],
  [
    'later lines over earlier ones',
    '**/*.log\n!sub/keep.log',
    ['Containerfile', 'b.txt', 'sub/keep.log', 'tmp/x', 'tmpx'],
  ],
  ['the last line that matches', '!b.txt\nb.*', tree.filter((path) => path !== 'b.txt')],
  ['comments and blank lines', '# b.txt\n\n  \ntmp', tree.filter((path) => path !== 'tmp/x')],
  ['Windows line ends', 'tmp\r\nb.txt\r\n', tree.filter((path) => !['tmp/x', 'b.txt'].includes(path))],
  ['a single character', 'tm?/x', tree.filter((path) => path !== 'tmp/x')],
  ['case', 'A.LOG', tree],
  ['an allow-list, in which the Containerfile needs no mention', '*\n!b.txt', ['Containerfile', 'b.txt']],
]
for (const [what, ignore, wanted] of ignored)
  test(`an ignore file is read as Docker does: ${what}`, () =>
    assert.deepEqual(shipped(ignore, tree), wanted))

test('what dvm itself reads needs no mention in an allow-list', () => {
  const paths = ['Containerfile', 'packages.txt', 'dvm-packages.txt', 'sub/packages.txt', 'b']
  assert.deepEqual(shipped('*', paths), ['Containerfile', 'packages.txt', 'dvm-packages.txt'])
})

const secrets = [
  '.env',
  '.env.local',
  'home/.netrc',
  'id_ed25519',
  'tls/server.KEY',
  'auth.json',
  '.npmrc',
  'x.pem',
]
test('files that are secrets by their name stay and are told', () => {
  const { ships, looksSecret } = contextRules(undefined, false)
  assert.deepEqual(secrets.filter(ships), [])
  assert.deepEqual(secrets.filter(looksSecret), secrets)
  for (const path of ['environment', 'key', 'id_ed25519.pub', 'keys/readme.md', 'my.env.txt'])
    assert.deepEqual([ships(path), looksSecret(path)], [true, false], path)
})

test('a secret ships when an ignore file says so, and is not told when it is ignored', () => {
  const { ships, looksSecret } = contextRules('tls\n!id_ed25519\n!/home/.netrc\n !x.pem', false)
  assert.deepEqual(secrets.filter(ships), ['home/.netrc', 'id_ed25519'])
  assert.deepEqual(secrets.filter(looksSecret), ['.env', '.env.local', 'auth.json', '.npmrc', 'x.pem'])
})

test('what editors keep beside a file stays, so that an open one changes no base, and a secret’s copy is in none', () => {
  const paths = ['.Containerfile.swp', 'motd~', 'sub/.#motd', '.id_rsa.swp', '4913', 'motd']
  assert.deepEqual(shipped(undefined, paths), ['motd'])
  assert.deepEqual(paths.filter(contextRules(undefined, false).looksSecret), [])
  assert.deepEqual(shipped('!motd~', paths), ['motd~', 'motd'])
})

test('dev/ belongs to the dev-base when there is one', () => {
  const paths = ['dev/Containerfile', 'dev/x', 'developer']
  assert.deepEqual(shipped(undefined, paths, true), ['developer'])
  assert.deepEqual(shipped(undefined, paths, false), paths)
})
