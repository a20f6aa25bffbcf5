// How `dvm watch` words what happens.
import assert from 'node:assert/strict'
import test from 'node:test'
import { durationText, watchLines } from '../../src/cli/watch-lines.ts'
import { DvmError } from '../../src/core/errors.ts'
import type { WatchStory } from '../../src/tasks/watch-story.ts'

const home = '/home/you'
const now = new Date(2026, 0, 2, 3, 4, 5)
const generation = '0123456789abcdef'
const failure = (details: ConstructorParameters<typeof DvmError>[2], message = 'no'): WatchStory => ({
  kind: 'failed',
  place: 'app',
  error: new DvmError('failed', message, details),
  ms: 61_000,
})
const watched = { kind: 'watching', baseDir: `${home}/base`, hasContainerfile: true } as const

const table: readonly (readonly [WatchStory, string, ...string[]])[] = [
  [{ ...watched, vms: [] }, 'watching ~/base; Ctrl-C ends it'],
  [{ ...watched, vms: ['app'] }, 'watching ~/base and the VM app; Ctrl-C ends it'],
  [
    { ...watched, vms: ['app', 'web'], hasContainerfile: false },
    'watching ~/base (no Containerfile yet) and the VMs app, web; Ctrl-C ends it',
  ],
  [{ kind: 'begun', place: 'base', files: [] }, 'base: there is none yet, building'],
  [{ kind: 'begun', place: 'base', files: [''] }, 'base: changed the directory, building'],
  [{ kind: 'begun', place: 'app', files: ['a', 'b', 'c'] }, 'app: changed a, b, c, syncing'],
  [
    { kind: 'begun', place: 'app', files: ['a', 'b', 'c', 'd', 'e'] },
    'app: changed a, b, c and 2 more, syncing',
  ],
  [{ kind: 'stopping', place: 'base', files: ['motd'] }, 'base: changed motd, stopping the build under way'],
  [{ kind: 'later', place: 'base', files: ['motd'] }, 'base: changed motd, building again after this one'],
  [
    { kind: 'later', place: 'app', files: ['setup.sh'] },
    'app: changed setup.sh, syncing again after this one',
  ],
  [
    { kind: 'absent', place: 'app', files: ['setup.sh'] },
    'app: changed setup.sh, but there is no such VM yet: dvm sync app',
  ],
  [{ kind: 'built', generation, files: [], ms: 483_000 }, 'base 0123456789ab is ready (8 min 3 s)'],
  [{ kind: 'switched', generation, files: ['x'], ms: 40 }, 'base 0123456789ab is current again (0.0 s)'],
  [{ kind: 'unchanged', generation, files: [], ms: 1 }, 'base 0123456789ab is current'],
  [{ kind: 'unchanged', generation, files: ['x'], ms: 1 }, 'base: changed x, nothing to build'],
  [{ kind: 'synced', place: 'app', ms: 420 }, 'app: synced (0.4 s)'],
  [{ kind: 'said', place: 'app', text: `see ${home}/x` }, 'app: see ~/x'],
  [{ kind: 'warned', place: 'base', text: 'no KVM' }, 'base: warning: no KVM'],
  [failure({}), 'app: no (1 min 1 s)'],
  [{ ...failure({}), ms: undefined } as WatchStory, 'app: no'],
  [failure({ hint: 'again' }), 'app: no (1 min 1 s)', '  try: again'],
  [failure({ logFile: `${home}/log` }), 'app: no (1 min 1 s)', '  log: ~/log'],
  [
    failure({ hint: 'again', logFile: `${home}/log`, tail: ['1', '2', '3', '4'] }),
    'app: no (1 min 1 s)',
    '  | 2',
    '  | 3',
    '  | 4',
    '  try: again (log: ~/log)',
  ],
  [
    failure({}, `the configuration has 2 problems\n  ${home}/c: one\n  ${home}/c: two`),
    'app: the configuration has 2 problems: ~/c: one; ~/c: two (1 min 1 s)',
  ],
]
for (const [story, first, ...rest] of table)
  test(`${story.kind}: ${[first, ...rest].join(' / ')}`, () =>
    assert.deepEqual(watchLines(story, now, home), [`03:04:05 ${first}`, ...rest]))

test('nothing in a name or a log can pass for another line', () => {
  const name = 'x\n03:04:05 app: synced\u001B[2K\u202E'
  const lines = [
    ...watchLines({ kind: 'begun', place: 'app', files: [name] }, now, home),
    ...watchLines(failure({ tail: [name], hint: name, logFile: name }, name), now, home),
  ]
  assert.equal(lines.length, 4)
  for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u)
})

test('durations', () =>
  assert.deepEqual([0, 94, 9949, 9950, 59_400, 59_500, 3_599_700].map(durationText), [
    '0.0 s',
    '0.1 s',
    '9.9 s',
    '10 s',
    '59 s',
    '1 min 0 s',
    '60 min 0 s',
  ]))
