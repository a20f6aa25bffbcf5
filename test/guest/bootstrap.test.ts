// templates/guest/bootstrap.sh up to where it would change this machine: useradd is a stand-in.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

const script = resolve(import.meta.dirname, '../../templates/guest/bootstrap.sh')

test('a new user gets the configured counts of subordinate ids, or none where useradd has no room', (t) => {
  const directory = temporaryDirectory(t)
  const journal = join(directory, 'journal')
  const user = 'dvm-test-nobody'
  const calls = (code: number): readonly string[] => {
    writePrivate(journal, '')
    chmodSync(
      writePrivate(join(directory, 'useradd'), `#!/bin/bash\necho "$*" >>"${journal}"\nexit ${code}\n`),
      0o700,
    )
    const { status, stdout } = spawnSync('bash', ['-s'], {
      input: readFileSync(script),
      encoding: 'utf8',
      env: {
        PATH: `${directory}:/usr/bin:/bin`,
        DVM_USER: user,
        DVM_CODE_DIR: `/home/${user}/code/app`,
        DVM_SUBUID_COUNT: '65536',
        DVM_SUBGID_COUNT: '1000',
      },
    })
    // The stand-in makes nobody, so the script stops there.
    assert.deepEqual([status, stdout], [1, `creating user ${user}\n`])
    return readFileSync(journal, 'utf8').trimEnd().split('\n')
  }
  const call = (uids: number, gids: number): string =>
    `--create-home --shell /bin/bash -K SUB_UID_COUNT=${uids} -K SUB_GID_COUNT=${gids} -- ${user}`
  assert.deepEqual(calls(0), [call(65_536, 1000)])
  assert.deepEqual(calls(1), [call(65_536, 1000), call(0, 0)])
})
