// The scripts between builds, with a real bash. Every program in them is a stand-in: on this machine they change nothing.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { sweepScript } from '../../../src/ports/builder/scripts.ts'
import { temporaryDirectory, writeProgram } from '../../support/temporary.ts'

/** What a builder does at each sweep, one after the other; its `/var/lib/dvm` is a folder of this test. */
const builder = (t: TestContext, podman: number) => {
  const bin = temporaryDirectory(t)
  const journal = join(bin, 'journal')
  for (const name of ['cat', 'crun', 'install', 'podman', 'sync', 'systemctl', 'systemd-run'])
    writeProgram(
      join(bin, name),
      `#!/bin/bash\necho "${name} $*" >>'${journal}'\nexit ${name === 'podman' ? podman : 0}\n`,
    )
  symlinkSync('/bin/rm', join(bin, 'rm'))
  return (...words: readonly string[]): string[] => {
    writeFileSync(journal, '')
    const { status, stderr } = spawnSync('/bin/bash', ['-s', '--', ...words], {
      input: sweepScript.replaceAll('/var/lib/dvm', bin),
      env: { PATH: bin },
      encoding: 'utf8',
    })
    assert.deepEqual([status, stderr], [0, ''])
    return readFileSync(journal, 'utf8')
      .replaceAll(bin, '/var/lib/dvm')
      .split('\n')
      .filter((call) => /^(install|podman image|podman tag|systemd-run)/.test(call))
  }
}

const work = 'install -d -m 0700 /var/lib/dvm/work'
const inspect =
  'podman image inspect --format {{.Id}} {{index .Labels "dvm.hash"}} localhost/dvm-dev-base:latest'
const list = 'podman images --format {{.Repository}}:{{.Tag}}'
const settle =
  'systemd-run --quiet --collect --unit=dvm-settle sh -c sync --file-system /var/lib/containers && rm -f /var/lib/dvm/busy'

for (const podman of [0, 125])
  test(`only what builds a dev-base looks at dev-bases, and podman’s exit code ${podman} stops nothing`, (t) => {
    const sweep = builder(t, podman)
    assert.deepEqual(sweep('begin'), [work, `${work}/output`])
    assert.deepEqual(sweep('end'), [work, settle])
    assert.deepEqual(sweep('begin', 'dev-base'), [work, `${work}/output`, inspect])
    assert.deepEqual(sweep('end'), [work, list, settle])
    assert.deepEqual(sweep('end'), [work, settle])
  })

test('an old dev-base that a killed dvm left is removed by whoever comes next', (t) => {
  const sweep = builder(t, 0)
  sweep('begin', 'dev-base')
  assert.deepEqual(sweep('begin'), [work, `${work}/output`])
  assert.deepEqual(sweep('end'), [work, list, settle])
})
