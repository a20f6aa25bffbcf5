// Checks side by side: none holds up the others, none brings the command down, and what they started ends.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { compose } from '../../../src/compose.ts'
import { parseEnvironment } from '../../../src/core/environment.ts'
import { DvmError } from '../../../src/core/errors.ts'
import { ok, problem } from '../../../src/core/finding.ts'
import { runChecks, type Check } from '../../../src/tasks/doctor/check.ts'
import { fakeLima } from '../../support/fake-lima.ts'
import { memoryWorld } from '../../support/memory-world.ts'

const never = () => new Promise<never>(() => undefined)
const fine: Check = { name: 'fine', run: () => Promise.resolve([ok('fine', 'it is')]) }

test('findings come in the order of the checks, whatever happens to each', async (t) => {
  const { deps } = memoryWorld(t)
  const checks: Check[] = [
    { name: 'hangs', limit: 20, run: never },
    { name: 'hangs too', limit: 20, run: never, late: (seconds) => [problem('late', `${seconds} s`, 'fix')] },
    { name: 'breaks', run: () => Promise.reject(new TypeError('no such thing')) },
    {
      name: 'breaks at once',
      run: () => {
        throw new RangeError('too much')
      },
    },
    {
      name: 'fails',
      run: () => Promise.reject(new DvmError('failed', 'it failed', { hint: 'try again' })),
    },
    fine,
  ]
  const report = 'please report it, with what dvm doctor printed'
  assert.deepEqual(await runChecks(deps, checks), [
    {
      name: 'hangs',
      state: 'warning',
      found: 'no answer within 0.02 s',
      fix: 'run dvm doctor again; if it stays so, something there hangs',
    },
    { name: 'late', state: 'problem', found: '0.02 s', fix: 'fix' },
    { name: 'breaks', state: 'warning', found: 'could not be checked: no such thing', fix: report },
    { name: 'breaks at once', state: 'warning', found: 'could not be checked: too much', fix: report },
    { name: 'fails', state: 'warning', found: 'it failed', fix: 'try again' },
    { name: 'fine', state: 'ok', found: 'it is' },
  ])
})

test('a check sees what ports warn of while it runs, and its signal ends with it', async (t) => {
  const world = memoryWorld(t)
  let signal: AbortSignal | undefined
  const check: Check = {
    name: 'warns',
    run: ({ deps, warned }) => {
      signal = deps.signal
      assert.equal(deps.signal.aborted, false)
      deps.report.warn('careful')
      return Promise.resolve([ok('warns', warned.join())])
    },
  }
  assert.deepEqual(await runChecks(world.deps, [check]), [ok('warns', 'careful')])
  assert.equal(signal?.aborted, true)
  assert.deepEqual(world.story, [])
})

test('no more checks at once than asked for', async (t) => {
  const { deps } = memoryWorld(t)
  let running = 0
  let most = 0
  const check: Check = {
    name: 'counts',
    run: async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      return []
    },
  }
  await runChecks(
    deps,
    Array.from({ length: 10 }, () => check),
    3,
  )
  assert.equal(most, 3)
})

test('Ctrl-C ends it at once, and is no finding', { timeout: 5000 }, async (t) => {
  const world = memoryWorld(t)
  const checks = runChecks(world.deps, [
    fine,
    { name: 'hangs', limit: 60_000, run: never },
    {
      name: 'stops',
      run: async ({ deps }) => {
        await once(deps.signal, 'abort')
        throw new DvmError('failed', 'interrupted: list Lima instances')
      },
    },
  ])
  setImmediate(() => world.interrupt())
  await assert.rejects(checks, { name: 'Interrupted' })
})

test('a tool that hangs is stopped when its check is over', { timeout: 20_000 }, async (t) => {
  const fake = fakeLima(t, { limactl: [{ match: ['list'], hang: true }] })
  const deps = compose({
    env: parseEnvironment(fake.variables, fake.root),
    variables: fake.variables,
    signal: new AbortController().signal,
    reporter: { note: () => undefined, warn: () => undefined },
    version: '1.2.3',
    command: 'dvm doctor',
  })
  let ended: Promise<unknown> | undefined
  const check: Check = {
    name: 'list',
    // Long enough for it to start, even on a machine that is busy.
    limit: 1500,
    run: async ({ deps }) => {
      ended = deps.lima.list().catch((error: unknown) => error)
      await ended
      return []
    },
  }
  const [finding] = await runChecks(deps, [check])
  assert.equal(finding?.found, 'no answer within 1.5 s')
  assert.match(String(await ended), /interrupted: list Lima instances/)
})
