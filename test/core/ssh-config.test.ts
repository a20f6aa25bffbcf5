// Entries as text, and as the real ssh reads them: hostile values are values.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { DvmError } from '../../src/core/errors.ts'
import {
  dropHosts,
  isOfVm,
  putHost,
  renderHost,
  renderHosts,
  sshAlias,
  type SshHost,
} from '../../src/core/ssh-config.ts'
import { sshInclude, sshPath, sshWord } from '../../src/core/ssh-syntax.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

const host: SshHost = {
  vm: 'app',
  user: 'me',
  port: 40022,
  identityFiles: ['/home/you/.lima/_config/user'],
  stateDir: '/home/you/.local/state/dvm',
  forwardAgent: false,
}

/** What ssh makes of it: keyword to values. */
const asSshReads = (file: string, alias: string): Record<string, string[]> => {
  const found: Record<string, string[]> = {}
  const text = execFileSync('ssh', ['-G', '-F', file, alias], { encoding: 'utf8', stdio: 'pipe' })
  for (const line of text.split('\n')) {
    const [keyword = '', value = ''] = line.split(/ (.*)/s)
    found[keyword] = [...(found[keyword] ?? []), value]
  }
  return found
}

test('an entry says all of it itself', () => {
  const text = renderHost(host)
  assert.equal(
    text.replace(/[0-9a-f]{8}"$/m, 'HASH"'),
    `Host app.dvm
  HostName 127.0.0.1
  Port 40022
  User me
  IdentityFile "/home/you/.lima/_config/user"
  IdentitiesOnly yes
  PreferredAuthentications publickey
  AddKeysToAgent no
  HostKeyAlias dvm-app
  UserKnownHostsFile "/home/you/.local/state/dvm/ssh/app.known_hosts"
  StrictHostKeyChecking yes
  NoHostAuthenticationForLocalhost no
  CheckHostIP no
  UpdateHostKeys no
  ProxyCommand none
  ForwardAgent no
  ForwardX11 no
  ControlMaster auto
  ControlPath "/home/you/.local/state/dvm/ssh/HASH"
  ControlPersist 5m
`,
  )
  assert.match(renderHost({ ...host, forwardAgent: true }), /^ {2}ForwardAgent yes$/m)
})

test('ssh reads what was meant, whatever a person’s own Host * says further down', (t) => {
  const file = join(temporaryDirectory(t), 'config')
  const loose = `Host *
  User other
  ForwardAgent yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  ProxyJump bastion
  ControlPath /tmp/%C
  IdentityFile ~/.ssh/other
  AddKeysToAgent yes
`
  writeFileSync(file, renderHost(host) + loose, { mode: 0o600 })
  const read = asSshReads(file, sshAlias('app'))
  const wanted = {
    hostname: '127.0.0.1',
    port: '40022',
    user: 'me',
    forwardagent: 'no',
    stricthostkeychecking: 'true',
    userknownhostsfile: '/home/you/.local/state/dvm/ssh/app.known_hosts',
    hostkeyalias: 'dvm-app',
    identitiesonly: 'yes',
    controlmaster: 'auto',
    controlpersist: '300',
    addkeystoagent: 'false',
    updatehostkeys: 'false',
    preferredauthentications: 'publickey',
  }
  for (const [keyword, value] of Object.entries(wanted)) assert.deepEqual(read[keyword], [value], keyword)
  assert.equal(read['identityfile']?.[0], '/home/you/.lima/_config/user', 'Lima’s key is the first')
  assert.equal(read['proxyjump'] ?? read['proxycommand'], undefined)
})

const odd = [
  '/plain',
  '/with blank/and  two',
  '/per%cent/%h/%%/%',
  "/quote\"s/'single'",
  '/back\\slash/\\"/end\\',
  '/hash #no comment',
  '/$HOME/$(id)/`id`',
  '/tab\there',
  '/ünïcödé 🐧',
  '/glob*?[a]{b,c}',
  '/~/=,;&|<>!',
]
for (const path of odd)
  test(`a path that holds ${JSON.stringify(path)} is that path to ssh`, (t) => {
    const file = join(temporaryDirectory(t), 'config')
    const text = renderHost({ ...host, identityFiles: [path, '/second'], stateDir: path })
    writeFileSync(file, text, { mode: 0o600 })
    const read = asSshReads(file, 'app.dvm')
    // ssh expands the tokens of a key's path later than -G shows them.
    assert.deepEqual(
      read['identityfile']?.map((value) => value.replaceAll('%%', '%')),
      [path, '/second'],
    )
    assert.deepEqual(read['userknownhostsfile'], [`${path}/ssh/app.known_hosts`])
    assert.match(read['controlpath']?.[0] ?? '', /\/ssh\/[0-9a-f]{8}$/)
    assert.equal(read['controlpath']?.[0]?.slice(0, path.length), path)
    assert.deepEqual([read['hostname'], read['user'], read['port']], [['127.0.0.1'], ['me'], ['40022']])
  })

test('Include reads exactly the file that was meant', (t) => {
  const root = temporaryDirectory(t)
  for (const path of odd.filter((path) => !path.includes('%'))) {
    const directory = join(root, path)
    mkdirSync(directory, { recursive: true })
    const own = writePrivate(join(directory, 'config'), 'Host app.dvm\n  Port 77\n')
    // What the pattern would match too, were it one.
    writePrivate(join(root, '/globXYab/config'), 'Host app.dvm\n  Port 66\n')
    const file = writePrivate(join(root, 'user'), `Include ${sshInclude(own)}\nHost *\n  Port 88\n`)
    assert.deepEqual(asSshReads(file, 'app.dvm')['port'], ['77'], path)
    assert.deepEqual(asSshReads(file, 'other')['port'], ['88'], path)
  }
})

test('what no quoting carries is refused, and so is what is no name', () => {
  const refused: readonly (() => unknown)[] = [
    () => sshWord('a\nProxyCommand id'),
    () => sshWord('a\rb'),
    () => sshPath('/a/${HOME}/b'),
    () => sshInclude('/a/${HOME}/b'),
    () => sshInclude('/a%b'),
    () => renderHost({ ...host, identityFiles: ['/a\nProxyCommand id'] }),
    () => renderHost({ ...host, stateDir: '/a\nb' }),
  ]
  for (const action of refused)
    assert.throws(action, (error: DvmError) => error.code === 'config' && error.hint !== undefined)
  for (const name of ['a b', '*', 'a\nb', '', 'A', '-x', 'a"'])
    for (const change of [{ vm: name }, { user: name }])
      assert.throws(() => renderHost({ ...host, ...change }), /not names/)
})

test('a connection is shared by what it was made with, unless its socket’s path would be too long', () => {
  const socket = (change: Partial<SshHost> = {}): string =>
    /ControlPath (.*)/.exec(renderHost({ ...host, ...change }))?.[1] ?? ''
  assert.equal(socket(), socket())
  const changes: readonly Partial<SshHost>[] = [
    { user: 'you' },
    { port: 40023 },
    { vm: 'web' },
    { forwardAgent: true },
  ]
  assert.equal(new Set([socket(), ...changes.map(socket)]).size, changes.length + 1)
  const longest = `/${'x'.repeat(72)}`
  assert.equal(Buffer.byteLength(`${longest}/ssh/12345678.1234567890123456`), 103)
  assert.match(socket({ stateDir: longest }), /xxx\/ssh\/[0-9a-f]{8}"$/)
  assert.equal(socket({ stateDir: `${longest}y` }), 'none')
  assert.doesNotMatch(renderHost({ ...host, stateDir: `${longest}y` }), /ControlMaster|ControlPersist/)
})

test('dvm’s own file: entries come, change and go by name', () => {
  const [app, web] = [renderHost(host), renderHost({ ...host, vm: 'web' })]
  const both = renderHosts([
    ['web.dvm', web],
    ['app.dvm', app],
  ])
  assert.match(both, /^# Made by dvm[^\n]*\n\nHost app\.dvm\n[^]*\n\nHost web\.dvm\n[^]*5m\n$/)
  const none = renderHosts([])
  assert.equal(putHost(putHost(none, 'web.dvm', web), 'app.dvm', app), both)
  assert.equal(putHost(both, 'app.dvm', app), both)
  const moved = putHost(both, 'app.dvm', renderHost({ ...host, port: 5 }))
  assert.equal(moved, both.replace(app, renderHost({ ...host, port: 5 })))
  assert.equal(putHost(putHost(both, 'web.dvm', undefined), 'app.dvm', undefined), none)
  assert.equal(putHost(both, 'ap.dvm', undefined), both)
  assert.equal(putHost('', 'app.dvm', app), renderHosts([['app.dvm', app]]))
})

test('a VM goes with its projects, and with nobody else’s', () => {
  const aliases = ['app.dvm', 'api.app.dvm', 'app.web.dvm', 'webapp.dvm', 'app.webapp.dvm', 'web.dvm']
  const text = renderHosts(aliases.map((alias) => [alias, `Host ${alias}\n  Port 1\n`]))
  const left = [...dropHosts(text, 'app').matchAll(/^Host (.*)$/gm)].map(([, alias]) => alias)
  assert.deepEqual(left, ['app.web.dvm', 'app.webapp.dvm', 'web.dvm', 'webapp.dvm'])
  const files = ['app.known_hosts', 'api.app.known_hosts', 'app.web.known_hosts', 'webapp.known_hosts', 'app']
  assert.deepEqual(
    files.filter((name) => isOfVm(name, 'app')),
    files.slice(0, 2),
  )
})
