// `ssh-config`, and what sync, sh and rm do for it: entries that are current, host keys, and nothing while it is not installed.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { hostKeyMarker } from '../../src/core/host-keys.ts'
import { setupMarker } from '../../src/core/guest-script.ts'
import { enter as enterVm } from '../../src/tasks/enter.ts'
import { installSshConfig, removeSshConfig, sshHosts } from '../../src/tasks/ssh-config.ts'
import { syncVm } from '../../src/tasks/sync.ts'
import { removeVm } from '../../src/tasks/vms.ts'
import { addVm } from '../support/memory-lima.ts'
import { memoryWorld, type World } from '../support/memory-world.ts'

const key = (word: string): string => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5${word}`
const told = (word: string): string => `${hostKeyMarker}${key(word)}\n`
const world = (t: Parameters<typeof memoryWorld>[0], variables?: Readonly<Record<string, string>>): World => {
  const made = memoryWorld(t, variables)
  made.memory.run = () => ({ stdout: told('one111') })
  return made
}
const own = (world: World, name = 'config'): string => join(world.deps.env.stateDir, 'ssh', name)
const entries = (world: World): string => readFileSync(own(world), 'utf8')
const known = (world: World, vm: string): string => readFileSync(own(world, `${vm}.known_hosts`), 'utf8')
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)
const configure = (world: World, vm: string, text = 'DVM_USER=me\nDVM_CPUS=2\n'): string =>
  world.write(`.config/dvm/vms/${vm}/config.sh`, text)
const sync = (world: World, vm = 'app') => syncVm(world.deps, vm, { wait: true })

test('prints the entries of users’ VMs, asks those that run, and touches nothing of the user’s', async (t) => {
  const w = world(t)
  configure(w, 'web')
  addVm(w.memory, 'dvm-web', 'Running', { sshLocalPort: 40022 })
  addVm(w.memory, 'dvm-app', 'Stopped', { sshLocalPort: 40023 })
  addVm(w.memory, 'dvm-new', 'Stopped')
  for (const name of ['dvm-builder', 'dvm-base', 'other'])
    addVm(w.memory, name, 'Running', { sshLocalPort: 1 })
  const { entries, unready } = await sshHosts(w.deps, false)
  assert.deepEqual(
    entries.map(([alias]) => alias),
    ['app.dvm', 'web.dvm'],
  )
  assert.match(entries[1]?.[1] ?? '', /^Host web\.dvm\n[^]*Port 40022\n {2}User me\n/)
  assert.match(entries[0]?.[1] ?? '', /User developer\n {2}IdentityFile "\/lima\/_config\/user"\n/)
  assert.deepEqual(unready, ['app', 'new'], 'one has no host keys yet, one never ran')
  assert.equal(known(w, 'web'), `dvm-web ${key('one111')}\n`)
  assert.deepEqual(w.memory.calls, ['list', 'run dvm-web: sudo DVM_USER=me bash -s'])
  assert.equal(existsSync(join(w.home, '.ssh')), false)
  assert.equal(existsSync(own(w)), false)
})

test('a VM with a problem is told and does not spoil the others', async (t) => {
  const w = world(t)
  configure(w, 'bad', 'DVM_CPUS=none\n')
  for (const [index, vm] of ['bad', 'gone', 'good', 'mute'].entries())
    addVm(w.memory, `dvm-${vm}`, 'Running', { sshLocalPort: 40000 + index })
  w.memory.at = (call) => {
    if (call.startsWith('run dvm-gone')) throw new DvmError('failed', 'dvm-gone does not answer')
  }
  w.memory.run = ({ name }) =>
    name === 'dvm-mute'
      ? { stdout: 'no keys\n' }
      : { stdout: told('one111'), stderr: "Lima's key could not be let in to x" }
  const { entries, unready } = await sshHosts(w.deps, false)
  assert.deepEqual(
    entries.map(([alias]) => alias),
    ['gone.dvm', 'good.dvm', 'mute.dvm'],
  )
  assert.deepEqual(unready, ['gone', 'mute'])
  assert.deepEqual(w.story.map((line) => line.replace(/: \/.*: DVM/, ': DVM')).sort(), [
    'warning: bad: DVM_CPUS must be a whole number above 0, not "none"',
    'warning: gone: dvm-gone does not answer',
    "warning: good: Lima's key could not be let in to x",
    'warning: mute: mute does not tell its ssh host keys',
  ])
})

test('installs once, privately; a second time changes nothing; removing takes all of it back', async (t) => {
  const w = world(t)
  const user = w.write('.ssh/config', '# mine\nHost x\n  User y')
  addVm(w.memory, 'dvm-app', 'Running', { sshLocalPort: 40022 })
  const first = await installSshConfig(w.deps)
  assert.deepEqual([first.file, first.userFile, first.included], [own(w), user, true])
  assert.match(entries(w), /^# Made by dvm.*\n\nHost app\.dvm\n/)
  assert.deepEqual([own(w), own(w, 'app.known_hosts'), own(w, '')].map(mode), ['600', '600', '700'])
  const text = readFileSync(user, 'utf8')
  assert.equal(text.replace(/^# From dvm.*\n/, ''), `Include "${own(w)}"\n# mine\nHost x\n  User y`)
  const before = [own(w), own(w, 'app.known_hosts'), user].map((path) => statSync(path).ino)
  assert.equal((await installSshConfig(w.deps)).included, false)
  assert.deepEqual(
    [own(w), own(w, 'app.known_hosts'), user].map((path) => statSync(path).ino),
    before,
  )
  assert.equal(await removeSshConfig(w.deps), true)
  assert.equal(readFileSync(user, 'utf8'), '# mine\nHost x\n  User y')
  assert.deepEqual(readdirSync(own(w, '')), [])
  assert.equal(await removeSshConfig(w.deps), false)
})

test('removing spares what else is there: the state of a VM that is called ssh', async (t) => {
  const w = world(t)
  await installSshConfig(w.deps)
  const state = w.write('.local/state/dvm/ssh/state.json', '{}')
  await removeSshConfig(w.deps)
  assert.ok(existsSync(state))
})

test('a configuration that may not be changed: what to tell whoever made it', async (t) => {
  const w = world(t)
  for (const error of [new DvmError('failed', 'no'), new DvmError('refused', 'it belongs to another user')]) {
    const deps = { ...w.deps, userSshConfig: { path: '', edit: () => Promise.reject(error) } }
    const install = installSshConfig(deps)
    await assert.rejects(install, { code: error.code, hint: `make its first line: Include "${own(w)}"` })
    const remove = removeSshConfig(deps)
    await assert.rejects(remove, { hint: `take this line out of it: Include "${own(w)}"` })
  }
})

test('something else in the place of the configuration: how to see what it is', async (t) => {
  const w = world(t)
  w.write('.ssh/config/file', '')
  for (const change of [installSshConfig, removeSshConfig])
    await assert.rejects(change(w.deps), { hint: /^see what is there, and move it away: ls -ld / })
})

test('a state directory that ssh cannot be told is refused before anything is written', async (t) => {
  const w = world(t, { DVM_STATE_DIR: '~/100%' })
  await assert.rejects(installSshConfig(w.deps), { code: 'config' })
  assert.equal(existsSync(join(w.home, '.ssh')), false)
  assert.equal(existsSync(join(w.home, '100%')), false)
})

test('sync keeps the entry and the host keys current, in its one round trip', async (t) => {
  const w = world(t)
  configure(w, 'app')
  addVm(w.memory, 'dvm-app', 'Running', { sshLocalPort: 40022 })
  addVm(w.memory, 'dvm-web', 'Stopped', { sshLocalPort: 40099 })
  await installSshConfig(w.deps)
  w.memory.run = () => ({ stdout: `${told('two222')}${told('two333')}${setupMarker}\n${told('fake44')}` })
  addVm(w.memory, 'dvm-app', 'Stopped', { sshLocalPort: 41000 })
  w.reset()
  await sync(w)
  assert.deepEqual(
    w.memory.calls.filter((call) => call !== 'list'),
    ['start dvm-app', 'run dvm-app: bash -s -- dvm:sync'],
  )
  assert.match(entries(w), /^Host app\.dvm\n {2}HostName 127\.0\.0\.1\n {2}Port 41000\n/m)
  assert.match(entries(w), /^Host web\.dvm\n {2}HostName 127\.0\.0\.1\n {2}Port 40099\n/m)
  assert.equal(known(w, 'app'), `dvm-app ${key('two222')}\ndvm-app ${key('two333')}\n`)
  assert.deepEqual(w.story, ['✔ Start app', '✔ Prepare app'])
  const before = statSync(own(w)).ino
  await sync(w)
  assert.equal(statSync(own(w)).ino, before, 'nothing changed, so nothing is written')
})

test('a setup.sh that fails does not keep the entry from being current', async (t) => {
  const w = world(t)
  await installSshConfig(w.deps)
  configure(w, 'app')
  w.write('.config/dvm/vms/app/setup.sh', 'false\n')
  addVm(w.memory, 'dvm-app', 'Running', { sshLocalPort: 41000 })
  w.memory.run = () => ({ stdout: `${told('one111')}${setupMarker}\n`, exitCode: 1 })
  await assert.rejects(sync(w), /setup\.sh ended with exit code 1/)
  assert.match(entries(w), /Port 41000/)
  assert.equal(known(w, 'app'), `dvm-app ${key('one111')}\n`)
})

test('an entry that cannot be written is a warning of sync’s, not its failure', async (t) => {
  const w = world(t)
  await installSshConfig(w.deps)
  configure(w, 'app')
  w.write('.local/state/dvm/ssh/app.known_hosts/in-the-way', '')
  addVm(w.memory, 'dvm-app', 'Running', { sshLocalPort: 41000 })
  await sync(w)
  assert.match(w.story.join('\n'), /^warning: ssh app\.dvm may not work: /m)
})

test('not installed: sync notes nothing, and rm finds nothing', async (t) => {
  const w = world(t)
  configure(w, 'app')
  addVm(w.memory, 'dvm-app', 'Running', { sshLocalPort: 41000 })
  await sync(w)
  assert.equal(existsSync(own(w, '')), false)
  await removeVm(w.deps, 'app', { yes: true, force: true, config: false })
  assert.equal(existsSync(own(w, '')), false)
})

test('rm takes the entry and the host keys along', async (t) => {
  const w = world(t)
  for (const vm of ['app', 'web']) addVm(w.memory, `dvm-${vm}`, 'Running', { sshLocalPort: 41000 })
  await installSshConfig(w.deps)
  await removeVm(w.deps, 'app', { yes: true, force: true, config: false })
  assert.deepEqual(
    [...entries(w).matchAll(/^Host (.*)$/gm)].map(([, alias]) => alias),
    ['web.dvm'],
  )
  assert.deepEqual(readdirSync(own(w, '')).sort(), ['config', 'web.known_hosts'])
})

test('sh that starts a VM brings its entry up to date, and asks for host keys that are not known', async (t) => {
  const w = world(t)
  configure(w, 'app')
  addVm(w.memory, 'dvm-app', 'Stopped', { sshLocalPort: 40022 })
  await installSshConfig(w.deps)
  addVm(w.memory, 'dvm-app', 'Stopped', { sshLocalPort: 40023 })
  w.reset()
  const enter = () => enterVm(w.deps, 'app', { argv: ['true'], tty: false, stdin: false, term: undefined })
  assert.equal(await enter(), 0)
  assert.match(entries(w), /Port 40023/)
  assert.equal(known(w, 'app'), `dvm-app ${key('one111')}\n`)
  w.reset()
  await enter()
  assert.equal(w.memory.calls.filter((call) => call.startsWith('run ')).length, 0)
})

test('DVM_FORWARD_AGENT=1: the entry says so, and sh logs in itself, to a host that is known', async (t) => {
  const w = world(t)
  configure(w, 'app', 'DVM_USER=me\nDVM_FORWARD_AGENT=1\n')
  addVm(w.memory, 'dvm-app', 'Running', { sshLocalPort: 40022 })
  const { entries } = await sshHosts(w.deps, false)
  assert.match(entries[0]?.[1] ?? '', /^ {2}ForwardAgent yes$/m)
  await w.deps.files.remove(own(w, 'app.known_hosts'))
  w.reset()
  const argv = ['ssh-add', '-l']
  assert.equal(await enterVm(w.deps, 'app', { argv, tty: true, stdin: true, term: 'xterm' }), 0)
  const login = { user: 'me', knownHostsFile: own(w, 'app.known_hosts') }
  assert.deepEqual(w.memory.calls, [
    'list',
    'run dvm-app: sudo DVM_USER=me bash -s',
    `attach dvm-app ${JSON.stringify({ tty: true, stdin: true, login })}: `,
  ])
  assert.equal(known(w, 'app'), `dvm-app ${key('one111')}\n`)
  w.memory.run = () => ({ stdout: told('two222') })
  await sync(w)
  assert.equal(known(w, 'app'), `dvm-app ${key('two222')}\n`, 'sync notes them, installed or not')
  assert.equal(existsSync(own(w)), false)
})
