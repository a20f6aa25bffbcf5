// What becomes of a dev-base when a newer one takes its name: the scripts with a real bash, and podman as a stand-in that keeps names.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { oldDevBases } from '../../src/core/dev-base.ts'
import { dataScriptArgv } from '../../src/core/guest-entry.ts'
import { sweepScript } from '../../src/ports/builder/scripts.ts'
import { guestPodman } from '../support/guest-podman.ts'
import { temporaryDirectory, writeProgram } from '../support/temporary.ts'

const load = readFileSync(resolve(import.meta.dirname, '../../templates/guest/load-dev-base.sh'), 'utf8')
const latest = 'localhost/dvm-dev-base:latest'
const old = (id: string): string => `localhost/dvm-dev-base:old-${id.slice(0, 12)}`
const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [string, string, string]
const theirs = [
  // Built from the dev-base or committed from a container, they have its label.
  `<none>:<none> ${'a'.repeat(64)} h1`,
  `localhost/dvm-dev-base:old-mine ${'b'.repeat(64)} h1`,
  `localhost/mine/dvm-dev-base:old-${'c'.repeat(12)} ${'c'.repeat(64)} h1`,
  `localhost/mine:1 ${'d'.repeat(64)} -`,
]

/** As dvm loads one into a VM, without sudo. */
const loaded = (
  t: TestContext,
  images: readonly string[],
  options: { readonly used?: readonly string[]; readonly makes?: string },
) => {
  const bin = temporaryDirectory(t)
  const podman = guestPodman(bin, images, options)
  const [bash = '', ...args] = dataScriptArgv(`${oldDevBases}${load}`, 'x', []).slice(5)
  const { status, stderr } = spawnSync(bash, args, {
    input: 'the archive',
    encoding: 'utf8',
    env: { PATH: `${bin}:/usr/bin:/bin` },
  })
  return { status, stderr, images: podman.images(), calls: podman.calls() }
}

test('the one of before goes, and nothing of anybody else', (t) => {
  const after = loaded(t, [`${latest} ${one} h1`, ...theirs], { makes: `${two} h2` })
  assert.deepEqual([after.status, after.stderr], [0, ''])
  assert.deepEqual(after.images, [`${latest} ${two} h2`, ...theirs].toSorted())
})

test('one that a container uses stays under a name of dvm’s own, and goes at a later change', (t) => {
  const first = loaded(t, [`${latest} ${one} h1`, ...theirs], { makes: `${two} h2`, used: [one] })
  const kept = [`${latest} ${two} h2`, `${old(one)} ${one} h1`, ...theirs].toSorted()
  assert.deepEqual([first.status, first.images], [0, kept])
  const later = loaded(t, kept, { makes: `${three} h3` })
  assert.deepEqual(later.images, [`${latest} ${three} h3`, ...theirs].toSorted())
})

test('the same image once more keeps its name, and so does one that cannot be replaced', (t) => {
  const same = [`${latest} ${one} h1`]
  assert.deepEqual(loaded(t, same, { makes: `${one} h1` }).images, same)
  const failed = loaded(t, same, {})
  assert.equal(failed.status, 1)
  assert.deepEqual(failed.images, [...same, `${old(one)} ${one} h1`])
  assert.deepEqual(loaded(t, failed.images, { makes: `${two} h2` }).images, [`${latest} ${two} h2`])
})

test('a first one replaces nothing, and what has the name without dvm’s label is not dvm’s', (t) => {
  assert.deepEqual(loaded(t, [], { makes: `${one} h1` }).images, [`${latest} ${one} h1`])
  assert.deepEqual(loaded(t, [`${latest} ${one} -`], { makes: `${two} h2` }).images, [
    `<none>:<none> ${one} -`,
    `${latest} ${two} h2`,
  ])
})

test('images without a name stay, also those that an old dev-base was built on', (t) => {
  const { calls } = loaded(t, [`${latest} ${one} h1`, ...theirs], { makes: `${two} h2` })
  assert.deepEqual(
    calls.filter((call) => /\b(rm|rmi|prune)\b/.test(call)),
    [`image rm --no-prune ${old(one)}`],
  )
})

test('in the builder: named when a build begins, gone when it has ended', (t) => {
  const bin = temporaryDirectory(t)
  for (const name of ['cat', 'install', 'rm', 'sync', 'systemctl', 'systemd-run'])
    writeProgram(join(bin, name), '#!/bin/bash\n')
  const sweep = (words: readonly string[], images: readonly string[]) => {
    const podman = guestPodman(bin, images)
    const { status } = spawnSync('/bin/bash', ['-s', '--', ...words], {
      input: sweepScript.replaceAll('/var/lib/dvm', bin),
      env: { PATH: bin },
    })
    assert.equal(status, 0)
    return podman.images()
  }
  const named = [`${latest} ${one} h1`, `${old(one)} ${one} h1`, ...theirs].toSorted()
  assert.deepEqual(sweep(['begin', 'dev-base'], [`${latest} ${one} h1`, ...theirs]), named)
  assert.deepEqual(sweep(['end'], named), [`${latest} ${one} h1`, ...theirs].toSorted())
  sweep(['begin', 'dev-base'], [])
  const built = [`${latest} ${two} h2`, `${old(one)} ${one} h1`, ...theirs]
  assert.deepEqual(sweep(['end'], built), [`${latest} ${two} h2`, ...theirs].toSorted())
})
