// Lima's list is asked while most of dvm still loads. Nobody may notice, but for the time.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { dvmOnFake, type DvmOnFake } from '../support/dvm-on-fake.ts'
import { isThere } from '../support/is-there.ts'

const inTime = { timeout: 30_000 }

/** A limactl that never answers. Nothing of it may be left afterwards. */
const hanging = (dvm: DvmOnFake) => {
  const path = dvm.write(
    'limactl',
    '#!/usr/bin/env bash\nsleep 600 &\necho $$ $! > "$0.new"\nmv "$0.new" "$0.pids"\nwait\n',
  )
  chmodSync(path, 0o700)
  return {
    env: { DVM_LIMACTL: path },
    runs: () => existsSync(`${path}.pids`),
    gone: async (signal: AbortSignal): Promise<void> => {
      if (!existsSync(`${path}.pids`)) return
      for (const pid of readFileSync(`${path}.pids`, 'utf8').split(' '))
        while (isThere(Number(pid))) await pause(10, undefined, { signal })
    },
  }
}

for (const args of [['ls'], ['ls', 'app'], ['sync', 'app'], ['sh', 'app'], ['ssh', 'app', '--', 'true']])
  test(`dvm ${args.join(' ')} asks for one list`, async (t) => {
    const { fake, run, write } = dvmOnFake(t)
    fake.add({ name: 'dvm-app', status: 'Running' })
    write('.config/dvm/vms/app/config.sh', '')
    assert.equal((await run(args)).exitCode, 0)
    assert.equal(fake.calls().filter((call) => call.startsWith('list')).length, 1)
  })

for (const args of [
  ['ls', 'No Name'],
  ['ls', 'app/web'],
  ['sync', 'base'],
  ['sync', 'app/No'],
  ['sh', '-x'],
  ['ssh', 'app'],
  ['sync', 'app', '--dry-run'],
])
  test(`dvm ${args.join(' ')} asks nothing`, async (t) => {
    const { run, write } = dvmOnFake(t)
    const limactl = write('limactl', '#!/bin/sh\n: > "$0.ran"\n')
    chmodSync(limactl, 0o700)
    await run(args, { env: { DVM_LIMACTL: limactl } })
    assert.equal(existsSync(`${limactl}.ran`), false)
  })

test('what is wrong here is said at once, whatever Lima does', inTime, async (t) => {
  const dvm = dvmOnFake(t)
  const lima = hanging(dvm)
  chmodSync(dvm.write('.config/dvm/vms/app/config.sh', ''), 0o666)
  for (const args of [
    ['sync', 'app'],
    ['ssh', 'app', '--', 'true'],
  ]) {
    const { exitCode, stderr } = await dvm.run(args, lima)
    assert.equal(exitCode, 9)
    assert.match(stderr, /config\.sh/)
  }
  await lima.gone(t.signal)
})

for (const args of [['ls'], ['sync', 'app'], ['ssh', 'app', '--', 'true']])
  test(`Ctrl-C while Lima does not answer dvm ${args.join(' ')}`, inTime, async (t) => {
    const dvm = dvmOnFake(t)
    const lima = hanging(dvm)
    dvm.write('.config/dvm/vms/app/config.sh', '')
    let pid = 0
    const over = dvm.run(args, { ...lima, onStart: (started) => (pid = started) })
    while (!lima.runs()) await pause(10, undefined, { signal: t.signal })
    process.kill(pid, 'SIGINT')
    assert.equal((await over).exitCode, 130)
    await lima.gone(t.signal)
  })

test('a limactl that is not there is said as ever', async (t) => {
  const { run, home } = dvmOnFake(t)
  const { exitCode, stderr } = await run(['ls'], { env: { DVM_LIMACTL: join(home, 'no-limactl') } })
  assert.equal(exitCode, 4)
  assert.match(stderr, /leads to no program/)
})
