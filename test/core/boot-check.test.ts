import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import test from 'node:test'
import { bootProblems, failsInOwnUnits, parseBootReport } from '../../src/core/boot-check.ts'
import { gib } from '../../src/core/sizes.ts'

const script = readFileSync(resolve(import.meta.dirname, '../../templates/guest/boot-check.sh'), 'utf8')

const healthy = {
  root_bytes: String(12 * gib),
  root_free_bytes: String(10 * gib),
  disk_bytes: String(14 * gib),
  system_state: 'running',
  failed_units: '',
  zram_swap: 'yes',
  cloud_init: 'done',
  uptime_seconds: '31',
  kernel: '6.12.48-cloud-amd64',
}
const text = (change: Readonly<Record<string, string>> = {}): string =>
  Object.entries({ ...healthy, ...change })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
const problems = (change: Readonly<Record<string, string>>): string[] =>
  bootProblems(parseBootReport(text(change)), 11 * gib)

test('the report that is understood is the one that the guest script prints', () => {
  const printed = [...script.matchAll(/^echo "([a-z_]+)=/gm)].map((match) => match[1])
  assert.deepEqual(printed, Object.keys(healthy))
  const states = [...script.matchAll(/^\t\techo "?([a-z]+)"?$/gm)].map((match) => match[1])
  assert.deepEqual(states, ['disabled', 'running', 'done', 'error'])
})

test('a healthy system has no problems', () => assert.deepEqual(problems({}), []))

const cases: readonly [Record<string, string>, readonly string[]][] = [
  [
    { root_bytes: String(6 * gib) },
    ['the root file system did not grow to the disk: it is 6 GiB, at least 11 GiB expected'],
  ],
  [
    { root_bytes: '' },
    ['the root file system did not grow to the disk: it is 0 B, at least 11 GiB expected'],
  ],
  [{ root_bytes: 'df: no' }, ['the boot check printed no size of the root file system']],
  [{ failed_units: 'a.service' }, ['failed units: a.service']],
  [{ failed_units: 'a.service b@1.mount' }, ['failed units: a.service, b@1.mount']],
  [{ zram_swap: 'no' }, ['zram swap is not on']],
  [{ cloud_init: 'error' }, ['cloud-init ended in "error"']],
  [{ cloud_init: 'disabled' }, ['cloud-init ended in "disabled"']],
  // Slow is not broken: the script waits for the boot to end only so long.
  [{ cloud_init: 'running', system_state: 'starting' }, []],
  [{ zram_swap: 'no', failed_units: 'x.service' }, ['failed units: x.service', 'zram swap is not on']],
]
for (const [change, wanted] of cases)
  test(`${JSON.stringify(change)} means ${wanted.join('; ') || 'nothing'}`, () =>
    assert.deepEqual(problems(change), wanted))

test('other lines are ignored; no report at all is a problem', () => {
  const noisy = `Welcome!\n  ${text().replace('\n', '\r\n')}Some Line=1\nlast line`
  assert.deepEqual(bootProblems(parseBootReport(noisy), gib), [])
  assert.deepEqual(bootProblems(parseBootReport(''), gib), [
    'the boot check printed no size of the root file system',
  ])
})

for (const [units, own] of [
  ['', false],
  ['my-app.service', true],
  ['a.service b.mount', true],
  ['docker.service', true],
  ['my-app.service cloud-final.service', false],
  ['sshd.service', false],
  ['systemd-resolved.service', false],
  ['dvm-growroot.service', false],
  ['zram-swap.service', false],
] as const)
  test(`"${units}" ${own ? 'is' : 'is not'} the user’s own affair`, () =>
    assert.equal(failsInOwnUnits(parseBootReport(`failed_units=${units}\n`)), own))
