import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { parseInstances, renderLogLine } from '../../../src/ports/lima/parse.ts'
import { parseVersion } from '../../../src/ports/lima/version.ts'

const fixture = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'lima', name), 'utf8')

test('reads a running instance', () =>
  assert.deepEqual(parseInstances(fixture('list-running.jsonl')), [
    {
      name: 'dvm-builder',
      status: 'Running',
      dir: '/home/user/.lima/dvm-builder',
      arch: 'x86_64',
      vmType: 'qemu',
      cpus: 2,
      memory: 4 * 1024 ** 3,
      disk: 50 * 1024 ** 3,
      sshConfigFile: '/home/user/.lima/dvm-builder/ssh.config',
      sshLocalPort: 37837,
      errors: [],
    },
  ]))

test('reads stopped ones, one a line', () => {
  const instances = parseInstances(fixture('list-stopped.jsonl'))
  assert.deepEqual(
    instances.map(({ name, status, sshLocalPort }) => ({ name, status, sshLocalPort })),
    [
      { name: 'dvm-t', status: 'Stopped', sshLocalPort: 0 },
      { name: 'dvm-u', status: 'Stopped', sshLocalPort: 0 },
    ],
  )
})

test('reads a broken instance, whose errors are Go values', () => {
  const broken = parseInstances(fixture('list-broken.jsonl')).find(({ name }) => name === 'dvm-t')
  assert.equal(broken?.status, 'Broken')
  assert.deepEqual(broken.errors, ['{"Op":"open","Path":"/home/user/.lima/dvm-t/lima.yaml","Err":2}'])
  assert.deepEqual([broken.cpus, broken.memory, broken.sshConfigFile], [0, 0, undefined])
})

test('reads an instance whose settings are unreadable: it has no status', () =>
  assert.equal(
    parseInstances(fixture('list-bad-settings.jsonl')).find(({ name }) => name === 'dvm-t')?.status,
    '',
  ))

test('nothing is no instances', () => {
  assert.deepEqual(parseInstances(''), [])
  assert.deepEqual(parseInstances('\n'), [])
})

test('a line that is not an instance is an error that shows the line', () => {
  const line = '{"name":"dvm-app","status":"Running"}'
  for (const bad of ['NAME STATUS', '{"name":', '[]', '{}', '{"name":""}'])
    assert.throws(() => parseInstances(`${line}\n${bad}\n`), {
      code: 'failed',
      message: /not an instance: .*\S/,
    })
})

test('a state that nobody has heard of is no reason to fail before somebody acts on that instance', () => {
  const [found] = parseInstances('{"name":"other","status":"Dreaming"}')
  assert.deepEqual(
    [found?.status, found?.errors],
    ['Unknown', ['Lima says "Dreaming", which this dvm does not know']],
  )
})

test('versions are read tolerantly', () => {
  const versions: [string, string | undefined][] = [
    ['limactl version 2.2.0', '2.2.0'],
    ['limactl version v2.1.3', '2.1.3'],
    ['limactl version 2.2.0-12-g0123abc', '2.2.0'],
    ['limactl version 2.3.0-beta.0', '2.3.0'],
    ['limactl version <unknown>', undefined],
    ['limactl version HEAD-0123abc', undefined],
    ['', undefined],
  ]
  for (const [text, version] of versions) assert.equal(parseVersion(text), version, text)
})

test('log lines become text, everything else stays as it is', () => {
  assert.equal(renderLogLine('{"level":"info","msg":"READY.","time":"x"}'), 'READY.')
  assert.equal(renderLogLine('{"level":"warning","msg":"hm","time":"x"}'), 'warning: hm')
  assert.equal(renderLogLine('{"level":"error","msg":"bad","error":"why"}'), 'error: bad: why')
  assert.equal(renderLogLine('ssh: no route'), 'ssh: no route')
  assert.equal(renderLogLine('{"a":1}'), '{"a":1}')
  assert.equal(renderLogLine('{'), '{')
})
