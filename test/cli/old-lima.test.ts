// A Lima that is older than dvm needs: refused where a VM is made, and nowhere else.
import assert from 'node:assert/strict'
import test from 'node:test'
import { dvmOnFake } from '../support/dvm-on-fake.ts'

const told =
  'dvm: Lima 2.0.3 is too old\n  try: install Lima 2.1.0 or later: brew upgrade lima, or https://lima-vm.io/docs/installation/\n'

test('no VM is made, by name or with --all: exit 4 and what to install', async (t) => {
  const { fake, run, write } = dvmOnFake(t, { version: '2.0.3' })
  assert.equal((await run(['new', 'app'])).exitCode, 0)
  const { exitCode, stdout, stderr } = await run(['sync', 'app'])
  assert.deepEqual(
    [exitCode, stdout, stderr],
    [4, '', `✖ Create app\n${told}  log: ~/.local/state/dvm/app/lima.log\n`],
  )
  write('.config/dvm/vms/web/config.sh', '')
  const all = await run(['sync', '--all'])
  assert.equal(all.exitCode, 1)
  assert.match(all.stderr, /dvm: web: Lima 2\.0\.3 is too old/)
  assert.deepEqual([fake.instance('dvm-app'), fake.instance('dvm-web')], [undefined, undefined])
  assert.ok(!fake.calls().some((call) => call.startsWith('create')))
})

test('a VM that is there is not taken away for one that cannot be made', async (t) => {
  const { fake, run, write } = dvmOnFake(t, { version: '2.0.3' })
  write('.config/dvm/vms/app/config.sh', '')
  fake.add({ name: 'dvm-app', status: 'Running' })
  for (const command of ['reset', 'recreate'])
    assert.deepEqual(await run([command, 'app', '--yes']), { exitCode: 4, stdout: '', stderr: told })
  assert.equal(fake.instance('dvm-app')?.status, 'Running')
})

test('one that is there is synced without a question', async (t) => {
  const { fake, run, write } = dvmOnFake(t, { version: '2.0.3' })
  write('.config/dvm/vms/app/config.sh', '')
  fake.add({ name: 'dvm-app', status: 'Stopped' })
  assert.equal((await run(['sync', 'app'])).exitCode, 0)
  assert.ok(!fake.calls().includes('--version'))
})

test('a limactl that does not know the question makes a VM without a word', async (t) => {
  const { run, write } = dvmOnFake(t, {
    limactl: [{ match: ['--version'], exitCode: 64, stderr: 'usage: …\n' }],
  })
  write('.config/dvm/vms/app/config.sh', '')
  const { exitCode, stdout, stderr } = await run(['sync', 'app'])
  assert.deepEqual([exitCode, stdout, stderr], [0, '', '✔ Create app\n✔ Prepare app\n'])
})

const asked = (calls: readonly string[]): number => calls.filter((call) => call === '--version').length

test('it is asked once a run: by recreate, and for all VMs that are made', async (t) => {
  const { fake, run, write } = dvmOnFake(t)
  for (const vm of ['a', 'b', 'c']) write(`.config/dvm/vms/${vm}/config.sh`, '')
  assert.equal((await run(['sync', '--all'])).exitCode, 0)
  assert.equal(asked(fake.calls()), 1)
  assert.equal((await run(['recreate', 'a', '--yes'])).exitCode, 0)
  assert.equal(asked(fake.calls()), 2)
})
