import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import test from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLocks } from '../../src/ports/locks.ts'
import type { Holder } from '../../src/ports/locks.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const program = resolve(import.meta.dirname, '../support/lock-holder.ts')

/** A real process at the lock; `next()` is the next line it says, undefined when it has ended. */
const start = (t: TestContext, directory: string, resource: string, ms: number, wait = 'wait') => {
  const child = spawn(process.execPath, [program, directory, resource, String(ms), wait], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string | undefined> => {
    const line = await lines.next()
    return line.done === true ? undefined : line.value
  }
  return { child, pid: child.pid ?? 0, next }
}
const options = (onWait: (holder: Holder) => void = () => {}) => ({
  wait: true,
  onWait,
  signal: new AbortController().signal,
})

test('a second process waits, names the holder, and gets its turn', async (t) => {
  const directory = temporaryDirectory(t)
  const first = start(t, directory, 'base', 1200)
  assert.equal(await first.next(), 'has')
  const second = start(t, directory, 'base', 0)
  assert.equal(await second.next(), `waits ${first.pid} dvm test base`)
  assert.equal(await first.next(), 'done')
  assert.equal(await second.next(), 'has')
  assert.equal(await second.next(), 'done')
})

test('without waiting it fails at once, naming who, since when and with what', async (t) => {
  const directory = temporaryDirectory(t)
  const before = new Date(Date.now() - 1000).toISOString()
  const first = start(t, directory, 'vm:app', 60_000)
  assert.equal(await first.next(), 'has')
  const holder = await createLocks(directory, 'dvm').holder('vm:app')
  assert.deepEqual([holder?.pid, holder?.command], [first.pid, 'dvm test vm:app'])
  assert.ok(
    holder !== undefined && holder.startTime >= before && holder.startTime <= new Date().toISOString(),
  )
  const second = start(t, directory, 'vm:app', 0, 'no-wait')
  assert.match(
    (await second.next()) ?? '',
    new RegExp(
      `^busy vm:app is in use by dvm test vm:app \\(pid ${first.pid}, since \\d{4}-[\\d: -]+ UTC\\)$`,
    ),
  )
})

test('kill -9 leaves nothing: who waited goes on, who comes later never notices', async (t) => {
  const directory = temporaryDirectory(t)
  const first = start(t, directory, 'builder', 60_000)
  assert.equal(await first.next(), 'has')
  const second = start(t, directory, 'builder', 60_000)
  assert.match((await second.next()) ?? '', /^waits/)
  first.child.kill('SIGKILL')
  assert.equal(await second.next(), 'has')
  second.child.kill('SIGKILL')
  await new Promise((done) => second.child.once('exit', done))
  const locks = createLocks(directory, 'dvm')
  assert.equal(await locks.holder('builder'), undefined)
  assert.equal(await locks.hold('builder', { ...options(), wait: false }, async () => 'mine'), 'mine')
})

test('different resources never wait for each other', async (t) => {
  const directory = temporaryDirectory(t)
  const first = start(t, directory, 'vm:app', 60_000)
  assert.equal(await first.next(), 'has')
  for (const resource of ['vm:other', 'vm:App', 'base', 'vm%3aapp', 'vm/app', '../vm:app', 'x'.repeat(300)])
    await createLocks(directory, 'dvm').hold(resource, { ...options(), wait: false }, async () => {})
  const names = readdirSync(directory).filter((name) => name.endsWith('.lock'))
  assert.equal(new Set(names.map((name) => name.toLowerCase())).size, 8)
})

test('many processes at once: one at a time', async (t) => {
  const directory = temporaryDirectory(t)
  const all = Array.from({ length: 5 }, () => start(t, directory, 'base', 100))
  let holding = 0
  await Promise.all(
    all.map(async ({ next }) => {
      for (let line = await next(); line !== undefined; line = await next()) {
        if (line === 'has') holding++
        if (line.startsWith('error')) assert.fail(line)
      }
    }),
  )
  assert.equal(holding, 5)
})

test('also excludes within one process', async (t) => {
  const locks = createLocks(temporaryDirectory(t), 'dvm sync --all')
  const order: string[] = []
  const waited: number[] = []
  const turn = (name: string) =>
    locks.hold(
      'base',
      options((holder) => waited.push(holder.pid)),
      async () => {
        order.push(`${name} begins`)
        await sleep(300)
        order.push(`${name} ends`)
      },
    )
  await Promise.all([turn('a'), turn('b')])
  assert.deepEqual(
    order.map((line) => line.slice(2)),
    ['begins', 'ends', 'begins', 'ends'],
  )
  assert.deepEqual(waited, [process.pid])
})

test('asking who holds a lock does not open it', async (t) => {
  const directory = temporaryDirectory(t)
  const locks = createLocks(directory, 'dvm')
  await locks.hold('base', options(), async () => {
    assert.equal((await locks.holder('base'))?.pid, process.pid)
    const other = start(t, directory, 'base', 0, 'no-wait')
    assert.match((await other.next()) ?? '', /^busy/)
  })
  assert.equal(await locks.holder('base'), undefined)
})

test('an action that fails gives the lock back', async (t) => {
  const locks = createLocks(temporaryDirectory(t), 'dvm')
  await assert.rejects(
    locks.hold('base', options(), () => Promise.reject(new Error('no'))),
    /no/,
  )
  assert.equal(await locks.hold('base', { ...options(), wait: false }, async () => 1), 1)
})

test('an interruption ends the waiting', async (t) => {
  const directory = temporaryDirectory(t)
  const first = start(t, directory, 'base', 60_000)
  assert.equal(await first.next(), 'has')
  const abort = new AbortController()
  const reason = new Error('interrupted')
  await assert.rejects(
    createLocks(directory, 'dvm').hold(
      'base',
      { wait: true, signal: abort.signal, onWait: () => abort.abort(reason) },
      async () => assert.fail('got the lock'),
    ),
    reason,
  )
})

test('a damaged lock file or holder is no deadlock and no crash', async (t) => {
  const directory = temporaryDirectory(t)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'base.holder.json'), '{"pid":')
  const locks = createLocks(directory, 'dvm')
  assert.equal(await locks.hold('base', { ...options(), wait: false }, async () => 1), 1)
  writeFileSync(join(directory, 'builder.lock'), 'not a database '.repeat(100))
  await assert.rejects(
    locks.hold('builder', options(), async () => 1),
    { code: 'failed', hint: new RegExp(`rm '${directory}/builder.lock'$`) },
  )
})
