// templates/guest/bootstrap.sh up to where it would change this machine: useradd and usermod are stand-ins.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { temporaryDirectory, writePrivate, writeProgram } from '../support/temporary.ts'

const script = resolve(import.meta.dirname, '../../templates/guest/bootstrap.sh')

interface Ids {
  readonly uids: string
  readonly gids: string
}

/** Runs it with bodies for useradd and usermod; resolves to how these were called and what was said. It must stop at one of them. */
const bootstrap = (t: TestContext, user: string, { uids, gids }: Ids, stops: string) => {
  const directory = temporaryDirectory(t)
  const journal = writePrivate(join(directory, 'journal'), '')
  for (const name of ['useradd', 'usermod'])
    writeProgram(join(directory, name), `#!/bin/bash\necho "${name} $*" >>"${journal}"\n${stops}\n`)
  const { status, stdout } = spawnSync('bash', ['-s'], {
    input: readFileSync(script),
    encoding: 'utf8',
    env: {
      PATH: `${directory}:/usr/bin:/bin`,
      DVM_USER: user,
      DVM_CODE_DIR: `/home/${user}/code/app`,
      DVM_SUBUID_COUNT: uids,
      DVM_SUBGID_COUNT: gids,
    },
  })
  assert.equal(status, 1)
  return { calls: readFileSync(journal, 'utf8').trimEnd().split('\n'), stdout }
}

test('a new user gets the configured counts of subordinate ids, or none where useradd has no room', (t) => {
  const user = 'dvm-test-nobody'
  const call = (uids: number, gids: number): string =>
    `useradd --create-home --shell /bin/bash -K SUB_UID_COUNT=${uids} -K SUB_GID_COUNT=${gids} -- ${user}`
  const ids = { uids: '65536', gids: '1000' }
  // The stand-in makes nobody, so the script stops there.
  const stdout = `creating user ${user}\n`
  assert.deepEqual(bootstrap(t, user, ids, 'exit 0'), { calls: [call(65_536, 1000)], stdout })
  assert.deepEqual(bootstrap(t, user, ids, 'exit 1'), { calls: [call(65_536, 1000), call(0, 0)], stdout })
  assert.deepEqual(bootstrap(t, user, { uids: '0', gids: '0' }, 'exit 0').calls, [call(0, 0)])
})

/** What /etc/subuid and /etc/subgid have, as [first, last]. */
const taken = (file: string): readonly (readonly [number, number])[] =>
  (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [])
    .map((line) => line.split(':').slice(1).map(Number))
    .map(([first = 0, size = 0]) => [first, first + size - 1])

test('an existing user gets the ranges that are missing, where nobody has theirs; a count of 0 asks for none', (t) => {
  const user = 'nobody'
  const range = (call: string | undefined, kind: 'uid' | 'gid'): number => {
    const [, first, last] =
      new RegExp(`^usermod --add-sub${kind}s (\\d+)-(\\d+) ${user}$`).exec(call ?? '') ?? []
    assert.ok(first !== undefined && last !== undefined, call)
    assert.ok(Number(first) >= 100_000)
    for (const [low, high] of taken(`/etc/sub${kind}`))
      assert.ok(high < Number(first) || low > Number(last), `${call} is taken`)
    return Number(last) - Number(first) + 1
  }
  const stop = '[[ $1 != --add-subgids ]]'
  const both = bootstrap(t, user, { uids: '65536', gids: '1000' }, stop)
  assert.deepEqual(
    [both.calls.length, range(both.calls[0], 'uid'), range(both.calls[1], 'gid')],
    [2, 65_536, 1000],
  )
  assert.equal(
    both.stdout,
    `adding 65536 subordinate ids to ${user} in /etc/subuid\nadding 1000 subordinate ids to ${user} in /etc/subgid\n`,
  )
  const one = bootstrap(t, user, { uids: '0', gids: '70000' }, stop)
  assert.deepEqual([one.calls.length, range(one.calls[0], 'gid')], [1, 70_000])
})
