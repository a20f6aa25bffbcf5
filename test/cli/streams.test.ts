// stdout and stderr that take nothing: a reader that has gone, a disk that is full.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import test from 'node:test'
import { dvmOnFake } from '../support/dvm-on-fake.ts'
import type { FakeLima } from '../support/fake-lima.ts'

/** Linux has a device that is a full disk. */
const full = { skip: existsSync('/dev/full') ? false : 'this system has no /dev/full' }
const to = (redirection: string): readonly string[] => ['sh', '-c', `exec "$@" ${redirection}`, 'sh']
const lost = 'dvm: the result could not be written: no space left on device\n  try: free some space there\n'

const assertPrepared = (fake: FakeLima): void => {
  const words = fake.calls().map((call) => call.split(' ')[0])
  assert.deepEqual([words.includes('start'), words.at(-1)], [true, 'shell'])
}

test('nobody reads the events of a sync: it comes to its end all the same', async (t) => {
  const { run, write, fake } = dvmOnFake(t)
  write('.config/dvm/vms/app/setup.sh', 'true\n')
  assert.deepEqual(await run(['sync', 'app', '--json'], { closed: true }), {
    exitCode: 0,
    stdout: '',
    stderr: '',
  })
  assertPrepared(fake)
})

test('nobody reads a list: that is no failure', async (t) => {
  const { run } = dvmOnFake(t)
  assert.equal((await run(['ls', '--json'], { closed: true })).exitCode, 0)
})

for (const line of ['ls', 'ls --json', '--help', 'completion bash', 'version'])
  test(`a full disk behind the result of ${line} is a failure with words`, full, async (t) => {
    const { run } = dvmOnFake(t)
    const { exitCode, stderr } = await run(line.split(' '), { wrap: to('>/dev/full') })
    assert.equal(exitCode, 1)
    assert.ok(stderr.endsWith(lost), stderr)
  })

test(
  'a full disk behind the events of a sync: it comes to its end, and says what was lost',
  full,
  async (t) => {
    const { run, write, fake } = dvmOnFake(t)
    write('.config/dvm/vms/app/setup.sh', 'true\n')
    assert.deepEqual(await run(['sync', 'app', '--json'], { wrap: to('>/dev/full') }), {
      exitCode: 1,
      stdout: '',
      stderr: lost,
    })
    assertPrepared(fake)
  },
)

test('a full disk behind the story of a sync keeps nothing from being done', full, async (t) => {
  const { run, write, fake } = dvmOnFake(t)
  write('.config/dvm/vms/app/setup.sh', 'true\n')
  assert.equal((await run(['sync', 'app'], { wrap: to('2>/dev/full') })).exitCode, 0)
  assertPrepared(fake)
})
