// A VM whose DVM_USER is Lima's own login user, as it is for most people: what needs no root calls no sudo, on a real VM. Makes its base
// (10-base-build) and its VM (20-vm) when there are none.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { ensureBase, ensureVm } from '../support/e2e-base.ts'
import { asRoot, configDir, dvm } from '../support/e2e.ts'

const own = userInfo().username
const config = join(configDir, 'vms', 'app', 'config.sh')
const code = `/home/${own}/code/app`
let before29 = ''

const sync = async (): Promise<void> => assert.equal((await dvm(['sync', 'app'])).exitCode, 0)

before(async () => {
  await ensureBase()
  await ensureVm('app')
  before29 = readFileSync(config, 'utf8')
  writeFileSync(config, `${before29}DVM_USER=${own}\n`)
  // The first one makes what is missing, which the second one sees.
  await sync()
  await sync()
})
after(async () => {
  writeFileSync(config, before29)
  await sync()
})

const inside = async (...argv: readonly string[]): Promise<string> => {
  const { exitCode, stdout, stderr } = await dvm(['ssh', 'app', '--', ...argv])
  assert.deepEqual([exitCode, stderr], [0, ''], argv.join(' '))
  return stdout.trim()
}
/** How often sudo ran in the VM meanwhile. */
const sudos = async (action: () => Promise<void>): Promise<number> => {
  const count = async (): Promise<number> =>
    Number(
      await asRoot(
        'dvm-app',
        'journalctl --sync; journalctl --quiet --output cat _COMM=sudo | grep -c COMMAND=',
      ),
    )
  const first = await count()
  await action()
  // Counting takes one itself.
  return (await count()) - first - 1
}

test('a sync with nothing to do and a command call no sudo', async () => {
  assert.equal(
    await sudos(async () => {
      await sync()
      assert.equal(await inside('pwd'), code)
      assert.equal(
        await inside('sh', '-c', 'echo "$USER $HOME $XDG_RUNTIME_DIR $(umask)"'),
        `${own} /home/${own} /run/user/${await inside('id', '-u')} 0022`,
      )
    }),
    0,
  )
})

test('what was undone by hand is put right by the next sync', async () => {
  await asRoot(
    'dvm-app',
    `usermod --del-subuids 0-4294967294 ${own}; sed -i '/^${own}:/d' /etc/subuid; rm -rf ${code}; chown root: /home/${own}/code`,
  )
  assert.ok((await sudos(sync)) > 0)
  assert.match(await inside('grep', `^${own}:`, '/etc/subuid'), new RegExp(String.raw`^${own}:\d+:70000$`))
  assert.equal(await inside('pwd'), code)
  assert.equal(await inside('stat', '-c', '%U', '.'), own)
})

test('a new group and another shell count at once', async () => {
  await asRoot(
    'dvm-app',
    `groupadd --force dvm-e2e && usermod --append --groups dvm-e2e --shell /bin/sh ${own}`,
  )
  try {
    assert.match(await inside('id', '-Gn'), /\bdvm-e2e\b/)
    assert.equal(await inside('sh', '-c', 'echo $SHELL'), '/bin/sh')
  } finally {
    await asRoot('dvm-app', `groupdel dvm-e2e; usermod --shell /bin/bash ${own}`)
  }
  assert.equal(await sudos(async () => void (await inside('true'))), 0)
})
