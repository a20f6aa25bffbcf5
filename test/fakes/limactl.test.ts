// The fake refuses what dvm must never do; how it behaves otherwise is the contract's business.
import assert from 'node:assert/strict'
import test from 'node:test'
import { createExec } from '../../src/system/exec.ts'
import { fakeLima } from '../support/fake-lima.ts'

const global = ['--tty=false', '--log-format=json', '--log-level=warn']

test('exits 64 on what dvm must never pass', async (t) => {
  const fake = fakeLima(t)
  fake.add({ name: 'dvm-app', status: 'Running' })
  const exec = createExec(new AbortController().signal)
  const refused: readonly (readonly string[])[] = [
    ['list', '--format', 'json'],
    ['--tty=false', 'list', '--format', 'json'],
    [...global, 'list', '--format', 'json', 'dvm-app'],
    ['list', '--format', '{{json .Name}}'],
    ['--tty=false', 'list', '--format', '{{json .Name}}'],
    [...global, 'list', '--json'],
    [...global, 'list', '--format', '{{json .Nmae}}'],
    [...global, 'list', '--format', '{{json .Name}}', 'dvm-app'],
    [...global, 'create', '--name=dvm-x', 'template:fedora'],
    [...global, 'create', '--mount-none', 'template:fedora'],
    [...global, 'create', '--name=dvm-x', '--mount-none', '--bogus', 'template:fedora'],
    [...global, 'create', '--name=dvm-x', '--mount-none', '--cpus=two', 'template:fedora'],
    [...global, 'create', '--name=dvm-x', '--mount-none', '--port-forward=80', 'template:fedora'],
    [...global, 'start', 'dvm-missing'],
    [...global, 'start', '--force', 'dvm-app'],
    [...global, 'stop', 'dvm-app', 'dvm-other'],
    [...global, 'shell', 'dvm-app', 'true'],
    [...global, 'shell', '--workdir', '/', 'dvm-app', 'true'],
    [...global, 'copy', 'a', 'dvm-app:b', '--verbose'],
    [...global, 'prune'],
  ]
  const codes = await Promise.all(
    refused.map(async (args) => {
      const { exitCode, stderr } = await exec.capture({ file: 'limactl', args, env: fake.variables })
      return `${args.join(' ')}: ${exitCode} ${stderr.startsWith('fake: ')}`
    }),
  )
  assert.deepEqual(
    codes,
    refused.map((args) => `${args.join(' ')}: 64 true`),
  )
})

test('ssh exits 64 on options or lines that dvm does not send', async (t) => {
  const fake = fakeLima(t)
  const exec = createExec(new AbortController().signal)
  for (const args of [
    ['-v', 'lima-dvm-app', '--', 'true'],
    ['lima-dvm-app', 'true'],
    ['lima-dvm-app', '--', 'true'],
  ]) {
    const { exitCode } = await exec.capture({ file: 'ssh', args, env: fake.variables })
    assert.equal(exitCode, 64, args.join(' '))
  }
})
