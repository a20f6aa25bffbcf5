// The scripts between builds, with a real bash. Every program in them is a stand-in: on this machine they change nothing.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { sweepScript } from '../../../src/ports/builder/scripts.ts'
import { temporaryDirectory, writeProgram } from '../../support/temporary.ts'

const sweep = (
  t: TestContext,
  words: readonly string[],
  podman: number,
): { status: number | null; calls: string[] } => {
  const bin = temporaryDirectory(t)
  const journal = join(bin, 'journal')
  for (const name of ['cat', 'crun', 'install', 'podman', 'rm', 'sync', 'systemctl', 'systemd-run'])
    writeProgram(
      join(bin, name),
      `#!/bin/bash\necho "${name} $*" >>'${journal}'\nexit ${name === 'podman' ? podman : 0}\n`,
    )
  const { status } = spawnSync('/bin/bash', ['-s', '--', ...words], {
    input: sweepScript,
    env: { PATH: bin },
  })
  const calls = existsSync(journal) ? readFileSync(journal, 'utf8').trimEnd().split('\n') : []
  return { status, calls: calls.filter((call) => /^(podman image|podman tag|systemd-run)/.test(call)) }
}

const settle =
  'systemd-run --quiet --collect --unit=dvm-settle sh -c sync --file-system /var/lib/containers && rm -f /var/lib/dvm/busy'

const inspect =
  'podman image inspect --format {{.Id}} {{index .Labels "dvm.hash"}} localhost/dvm-dev-base:latest'
const cases: readonly (readonly [words: readonly string[], does: string, calls: readonly string[]])[] = [
  [['begin'], 'begins without a look at dev-bases', []],
  [['begin', 'dev-base'], 'looks for the one that is going to be replaced', [inspect]],
  [['end'], 'lets what was built settle', [settle]],
  [['end', 'dev-base'], 'looks for old ones', ['podman images --format {{.Repository}}:{{.Tag}}', settle]],
]

for (const podman of [0, 125])
  for (const [words, does, calls] of cases)
    test(`sweep ${words.join(' ')} ${does}, and podman’s exit code ${podman} stops nothing`, (t) => {
      assert.deepEqual(sweep(t, words, podman), { status: 0, calls })
    })
