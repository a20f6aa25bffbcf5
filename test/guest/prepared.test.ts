// templates/guest/prepared.sh in a real bash, on a /etc and /run of the test's own: when may a sync leave root out?
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

const script = readFileSync(resolve(import.meta.dirname, '../../templates/guest/prepared.sh'), 'utf8')
const long = 1_000_000_000

/** A guest that root has just prepared: all of it is older than root's note. */
const guest = (t: TestContext) => {
  const root = temporaryDirectory(t)
  const path = (name: string): string => join(root, name)
  const code = path('home/ada/code/app')
  mkdirSync(code, { recursive: true })
  for (const name of ['passwd', 'subuid', 'environment', 'dvm/network.env', 'sudoers.d/dvm-network'])
    writePrivate(path(`etc/${name}`), `${name}\n`)
  const note = writePrivate(path('run/dvm-prepared'), 'the-key\n')
  for (const name of [
    'etc',
    ...readdirSync(path('etc'), { recursive: true, encoding: 'utf8' }).map((each) => `etc/${each}`),
  ])
    utimesSync(path(name), long, long)
  utimesSync(note, long + 1, long + 1)
  /** What bash says, and its exit code: 0 for prepared. */
  const prepared = (env: Readonly<Record<string, string>> = {}, key = 'the-key') => {
    const { status, stdout, stderr } = spawnSync('/bin/bash', ['-s', key], {
      input: `set -Eeuo pipefail\n${script.replaceAll(/(?<=[\s=<])\/(etc|run)(?=[/\s;])/g, `${root}/$1`)}\ndvm_prepared "$1"\n`,
      encoding: 'utf8',
      env: {
        PATH: '/nonexistent',
        USER: 'ada',
        DVM_USER: 'ada',
        HOME: path('home/ada'),
        DVM_CODE_DIR: code,
        ...env,
      },
    })
    return `${status}${stdout}${stderr}`
  }
  return { path, code, prepared }
}

test('nothing has changed: root is not needed, and no process is', (t) => {
  assert.equal(guest(t).prepared(), '0')
})

test('another account than the one that logs in, or another key', (t) => {
  const { prepared } = guest(t)
  assert.equal(prepared({ USER: 'lima' }), '1')
  assert.equal(prepared({ DVM_USER: 'eve' }), '1')
  assert.equal(prepared({}, 'another-key'), '1')
})

const changes: readonly [string, (at: ReturnType<typeof guest>) => void][] = [
  ['the VM was booted', ({ path }) => rmSync(path('run/dvm-prepared'))],
  ['root’s note is empty', ({ path }) => writePrivate(path('run/dvm-prepared'), '')],
  ['a file was edited', ({ path }) => utimesSync(path('etc/subuid'), long + 2, long + 2)],
  ['a file came', ({ path }) => writePrivate(path('etc/dvm/more'), '')],
  ['a file went', ({ path }) => rmSync(path('etc/dvm/network.env'))],
  ['a file went from where this user may not look', ({ path }) => rmSync(path('etc/sudoers.d/dvm-network'))],
  ['a directory went', ({ path }) => rmSync(path('etc/dvm'), { recursive: true })],
  ['the code directory went', ({ code }) => rmSync(code, { recursive: true })],
  [
    'a file was edited in the moment of the note',
    ({ path }) => utimesSync(path('etc/subuid'), long + 1, long + 1),
  ],
  ['the home went', ({ path }) => rmSync(path('home'), { recursive: true })],
]
for (const [what, change] of changes)
  test(`root is needed again: ${what}`, (t) => {
    const at = guest(t)
    change(at)
    assert.equal(at.prepared(), '1')
  })

test('all that network.sh puts and the files that bootstrap.sh changes are looked at', () => {
  const text = (name: string): string =>
    readFileSync(resolve(import.meta.dirname, `../../templates/guest/${name}.sh`), 'utf8')
  const writes = text('network')
    .replaceAll('$network_trust', '/etc/dvm/trust')
    .matchAll(/network_put "?(\/[^ "]+)/g)
  const looked = new Set([...script.matchAll(/\s(\/etc\/[^\s;]*)/g)].map((match) => match[1]))
  const unseen = [...writes].map((match) => match[1] ?? '').filter((file) => !looked.has(file))
  // Its directory is: the file cannot be looked at.
  assert.deepEqual([...new Set(unseen)], ['/etc/sudoers.d/dvm-network'])
  for (const place of ['/etc/sudoers.d', '/etc/environment.d', '/etc/passwd', '/etc/subuid', '/etc/subgid'])
    assert.ok(looked.has(place), place)
})
