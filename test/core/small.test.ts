// The small pure files: progress, sizes, names, flavours, sync plan.
import assert from 'node:assert/strict'
import test from 'node:test'
import { chooseFlavour } from '../../src/core/base-flavour.ts'
import type { VmConfig } from '../../src/core/config.ts'
import type { DvmError } from '../../src/core/errors.ts'
import { flavourNames, flavourOf } from '../../src/core/flavour.ts'
import { checkVmName, instanceOf, vmOfInstance } from '../../src/core/names.ts'
import { diskProgress, podmanProgress } from '../../src/core/progress.ts'
import { ageText, gib, sizeText } from '../../src/core/sizes.ts'
import { actionFor, configDrift, portDrift } from '../../src/core/sync-plan.ts'

test('podman’s steps become progress, with and without a stage in front', () => {
  assert.deepEqual(podmanProgress('STEP 1/4: FROM localhost/dvm-base'), {
    text: '1/4 FROM localhost/dvm-base',
    percent: 0,
    step: 'FROM localhost/dvm-base',
  })
  assert.deepEqual(podmanProgress('[2/2] STEP 4/4: RUN a: b'), {
    text: '4/4 RUN a: b',
    percent: 75,
    step: 'RUN a: b',
  })
  const mounts =
    'RUN --mount=type=cache,id=a,target=/a     --mount=type=cache,id=b,target=/b     apt-get -q   update'
  assert.deepEqual(podmanProgress(`STEP 2/4: ${mounts}`), {
    text: '2/4 RUN apt-get -q update',
    percent: 25,
    step: mounts,
  })
  for (const line of ['STEP x/4: FROM', ' STEP 1/4: FROM x', '--> 1234', 'COMMIT localhost/x', ''])
    assert.equal(podmanProgress(line), undefined, line)
})

test('a disk builder’s pipelines become percent, its stages only text', () => {
  assert.deepEqual(diskProgress('[1 / 5] Pipeline build'), { text: '1/5 Pipeline build', percent: 0 })
  assert.deepEqual(diskProgress('[5 / 5] Pipeline done'), { text: '5/5 Pipeline done', percent: 80 })
  assert.deepEqual(diskProgress('  [7 / 13] Stage org.osbuild.mkfs.ext4'), {
    text: '7/13 Stage org.osbuild.mkfs.ext4',
  })
  for (const line of ['pulse: 1', 'msg: x', '[1/5] Pipeline', ''])
    assert.equal(diskProgress(line), undefined, line)
})

test('sizes and ages read well', () => {
  const sizes: readonly [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [638 * 1024 ** 2, '638 MiB'],
    [10 * gib, '10 GiB'],
    [1.25 * gib, '1.3 GiB'],
    [5000 * 1024 * gib, '5000 TiB'],
  ]
  assert.deepEqual(
    sizes.map(([bytes]) => [bytes, sizeText(bytes)]),
    sizes,
  )
  const now = new Date('2026-08-02T12:00:00Z')
  const ages: readonly [string, string][] = [
    ['2026-08-02T12:00:05Z', '0 s ago'],
    ['2026-08-02T11:59:00Z', '60 s ago'],
    ['2026-08-02T11:57:00Z', '3 min ago'],
    ['2026-08-02T02:00:00Z', '10 h ago'],
    ['2026-07-30T12:00:00Z', '3 days ago'],
  ]
  assert.deepEqual(
    ages.map(([since]) => [since, ageText(new Date(since), now)]),
    ages,
  )
})

const fails = (action: () => unknown): string => {
  try {
    action()
    return 'fine'
  } catch (error) {
    return (error as DvmError).code
  }
}

test('VM names: the grammar is usage, the builder and base are refused', () => {
  const names: readonly [string, string][] = [
    ['app', 'fine'],
    ['a-1-', 'fine'],
    ['locks', 'fine'],
    ['', 'usage'],
    ['App', 'usage'],
    ['1a', 'usage'],
    ['-a', 'usage'],
    ['a_b', 'usage'],
    ['a/b', 'usage'],
    ['a\n', 'usage'],
    ['../x', 'usage'],
    ['ä', 'usage'],
    ['base', 'refused'],
    ['builder', 'refused'],
    ['dvm-builder', 'refused'],
  ]
  assert.deepEqual(
    names.map(([name]) => [name, fails(() => checkVmName(name, 'dvm-builder'))]),
    names,
  )
  assert.equal(
    fails(() => checkVmName('builder', 'my-builder')),
    'fine',
  )
  assert.equal(
    fails(() => checkVmName('my-builder', 'my-builder')),
    'refused',
  )
})

test('an instance is a user’s VM only when dvm made it as one', () => {
  assert.equal(instanceOf('app'), 'dvm-app')
  const instances: readonly [string, string | undefined][] = [
    ['dvm-app', 'app'],
    ['dvm-locks-2', 'locks-2'],
    ['dvm-builder', undefined],
    ['dvm-base', undefined],
    ['dvm-', undefined],
    ['dvm-App', undefined],
    ['default', undefined],
    ['xdvm-app', undefined],
  ]
  assert.deepEqual(
    instances.map(([name]) => [name, vmOfInstance(name, 'dvm-builder')]),
    instances,
  )
})

test('the flavour asked for goes before the recorded one, that before fedora', () => {
  assert.equal(chooseFlavour('debian', 'fedora\n').name, 'debian')
  assert.equal(chooseFlavour(undefined, ' debian \n').name, 'debian')
  assert.equal(chooseFlavour(undefined, '\n').name, 'fedora')
  assert.equal(chooseFlavour(undefined, undefined).name, 'fedora')
  for (const name of ['', 'Fedora', '../debian', 'toString'])
    assert.equal(
      fails(() => flavourOf(name)),
      'config',
      name,
    )
  assert.deepEqual(flavourNames, ['fedora', 'debian'])
})

test('a sync creates, starts, leaves alone, or restarts what is in an odd state', () => {
  assert.deepEqual(
    [undefined, 'Running', 'Stopped', 'Broken', 'Uninitialized', 'Installing', ''].map(actionFor),
    ['create', 'none', 'start', 'restart', 'restart', 'restart', 'restart'],
  )
})

test('says how the configuration moved on from a VM, but not for rounding', () => {
  const config = { cpus: 4, memory: 2, disk: 30 } as VmConfig
  assert.deepEqual(configDrift(config, { cpus: 4, memory: 2 * gib - 4096, disk: 30 * gib }), [])
  assert.deepEqual(configDrift(config, { cpus: 2, memory: 4 * gib, disk: 20 * gib }), [
    '2 CPUs (config: 4)',
    '4 GiB memory (config: 2 GiB)',
    '20 GiB disk (config: 30 GiB)',
  ])
  assert.deepEqual(configDrift(config, { cpus: 0, memory: 0, disk: 0 }), [], 'Lima could not tell')
})

test('says how the ports moved on, and nothing of a VM whose ports nobody wrote down', () => {
  const cases: readonly [readonly string[] | undefined, readonly string[], readonly string[]][] = [
    [undefined, ['1:2'], []],
    [[], [], []],
    [['3:4', '1:2'], ['1:2', '3:4'], []],
    [['1:2'], [], ['ports 1:2 (config: none)']],
    [[], ['1:2', '3:4'], ['no ports (config: 1:2 3:4)']],
  ]
  for (const [made, wanted, drift] of cases) assert.deepEqual(portDrift(made, wanted), drift)
})
