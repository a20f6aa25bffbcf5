import assert from 'node:assert/strict'
import test from 'node:test'
import {
  copyArgs,
  createArgs,
  deleteArgs,
  globalFlags,
  shellArgs,
  startArgs,
  stopArgs,
} from '../../../src/ports/lima/argv.ts'

test('every call forbids prompts and asks for a log that can be parsed', () =>
  assert.deepEqual(globalFlags('warn'), ['--tty=false', '--log-format=json', '--log-level=warn']))

test('create passes only what is set, and never shares a host folder', () => {
  assert.deepEqual(createArgs({ name: 'dvm-app', template: 'template:fedora' }), [
    'create',
    '--name=dvm-app',
    '--mount-none',
    '--containerd=none',
    'template:fedora',
  ])
  assert.deepEqual(
    createArgs({
      name: 'dvm-app',
      template: '/tmp/a.yaml',
      cpus: 3,
      memory: 2.5,
      disk: 30,
      vmType: 'qemu',
      portForwards: ['3000:3001', '80:8080'],
    }).slice(4),
    [
      '--cpus=3',
      '--memory=2.5',
      '--disk=30',
      '--vm-type=qemu',
      '--port-forward=3000:3001,static=true',
      '--port-forward=80:8080,static=true',
      '/tmp/a.yaml',
    ],
  )
})

test('the other commands', () => {
  assert.deepEqual(startArgs('dvm-app', 600_001), ['start', '--timeout=601s', 'dvm-app'])
  assert.deepEqual(stopArgs('dvm-app', false), ['stop', 'dvm-app'])
  assert.deepEqual(stopArgs('dvm-app', true), ['stop', '--force', 'dvm-app'])
  assert.deepEqual(deleteArgs('dvm-app', true), ['delete', '--force', 'dvm-app'])
  assert.deepEqual(shellArgs('dvm-app', { argv: ['ls', '-l'] }), [
    'shell',
    '--workdir',
    '/',
    'dvm-app',
    '--',
    'ls',
    '-l',
  ])
  assert.deepEqual(shellArgs('dvm-app', { argv: [], workdir: '/code' }), [
    'shell',
    '--workdir',
    '/code',
    'dvm-app',
  ])
  assert.deepEqual(copyArgs('dvm-app', { direction: 'to-guest', host: 'a', guest: '/b', recursive: true }), [
    'copy',
    '--backend=scp',
    '--recursive',
    'a',
    'dvm-app:/b',
  ])
  assert.deepEqual(copyArgs('dvm-app', { direction: 'from-guest', host: 'a', guest: '/b' }).slice(2), [
    'dvm-app:/b',
    'a',
  ])
})
