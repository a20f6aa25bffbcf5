// packages.txt holds packages, whatever else somebody writes into it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { checkPackages } from '../../src/core/package-list.ts'

const check = (text: string): void => checkPackages(text, '/base/packages.txt')

test('packages as dnf and apt take them, comments and blank lines', () => {
  for (const name of [
    'git',
    'g++',
    'libstdc++6',
    'python3.13',
    'gtk2-engines_x',
    '7zip',
    'NetworkManager',
    'moby-engine-rootless-extras',
    'libc6:arm64',
    'git=1:2.47.3-0+deb13u1',
    'golang=2:1.24~2~bpo12+1',
    'golang/trixie-backports',
    'kernel-6.17.1-300.fc43.x86_64',
    '@development-tools',
    '@nodejs:22',
    '@^workstation-product-environment',
    'perl(JSON::PP)',
    'python3-*',
    '/usr/bin/make',
    './local.deb',
    'https://example.com/x.rpm',
  ])
    check(name)
  check('')
  check('# all\n\n  \t\ngit # version control; $(date)\n\tfd-find\ntmux  htop\n#no\n')
  for (const file of ['packages.txt', 'no-packages.txt'])
    check(readFileSync(`templates/scaffold/${file}`, 'utf8'))
})

/** What cannot be seen is told by its number. */
const told: Readonly<Record<string, string>> = {
  '\uFEFFgit': '"\\ufeffgit"',
  'git\u00A0tmux': '"git\\u00a0tmux"',
  'git\u{E0001}': '"git\\udb40\\udc01"',
}

test('anything else is a wrong configuration, with its line', () => {
  for (const word of [
    '-y',
    '--setopt=tsflags=test',
    '-oAPT::Update::Pre-Invoke::=id',
    'vim-',
    '$(id)',
    '`id`',
    'git;id',
    'git&&id',
    'git|id',
    'git>x',
    "'git'",
    '"git"',
    'git\\',
    'git\r',
    '\uFEFFgit',
    'git\u00A0tmux',
    'git\u{E0001}',
    'git\u000Btmux',
    'git\0',
    'gït',
  ])
    assert.throws(
      () => check(`# mine\nok\n  ${word} # why\n`),
      (error: unknown) => {
        assert.ok(error instanceof DvmError, word)
        assert.deepEqual(
          [error.exitCode, error.message],
          [3, `/base/packages.txt:3: ${told[word] ?? JSON.stringify(word)} is no package`],
        )
        return true
      },
      word,
    )
})
