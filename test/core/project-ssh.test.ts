// A project's entry as text, as the real ssh reads it, and as shells run its ProxyCommand: hostile values are values.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import {
  isAccount,
  parseProjectRecord,
  renderProjectHost,
  renderProjectRecord,
  stampOf,
  type ProjectSshHost,
} from '../../src/core/project-ssh.ts'
import { renderHost } from '../../src/core/ssh-config.ts'
import { sshCommandWord } from '../../src/core/ssh-syntax.ts'
import { temporaryDirectory, writePrivate, writeProgram } from '../support/temporary.ts'

const target = { vm: 'pool', project: 'api' }
const host: ProjectSshHost = {
  target,
  account: 'node',
  identityFiles: ['/home/you/.lima/_config/user'],
  stateDir: '/home/you/.local/state/dvm',
  forwardAgent: false,
}
const remote =
  'podman start dvm-pool-api </dev/null >/dev/null && exec podman exec --interactive --detach-keys= --user 0 dvm-pool-api /etc/dvm-ssh/serve pool/api'

test('an entry leads over the VM’s own, and says the rest itself', () => {
  assert.equal(
    renderProjectHost(host).replace(/[0-9a-f]{8}"$/m, 'HASH"'),
    `Host api.pool.dvm
  User node
  IdentityFile "/home/you/.lima/_config/user"
  IdentitiesOnly yes
  PreferredAuthentications publickey
  AddKeysToAgent no
  HostKeyAlias api.pool.dvm
  UserKnownHostsFile "/home/you/.local/state/dvm/ssh/api.pool.known_hosts"
  StrictHostKeyChecking yes
  NoHostAuthenticationForLocalhost no
  CheckHostIP no
  UpdateHostKeys no
  ProxyCommand ssh -F /home/you/.local/state/dvm/ssh/config pool.dvm '${remote}'
  ForwardAgent no
  ForwardX11 no
  ControlMaster auto
  ControlPath "/home/you/.local/state/dvm/ssh/HASH"
  ControlPersist no
`,
  )
  assert.match(renderProjectHost({ ...host, forwardAgent: true }), /^ {2}ForwardAgent yes$/m)
})

test('connections are shared per project, account and agent, never with the VM', () => {
  const socket = (text: string): string => /ControlPath (.*)/.exec(text)?.[1] ?? ''
  const vm = { vm: 'pool', user: 'node', port: 40022, ...host }
  const texts = [
    renderProjectHost(host),
    renderProjectHost({ ...host, account: 'root' }),
    renderProjectHost({ ...host, forwardAgent: true }),
    renderProjectHost({ ...host, target: { vm: 'pool', project: 'web' } }),
    renderHost(vm),
  ]
  assert.equal(new Set(texts.map(socket)).size, texts.length)
})

const odd = [
  '/plain/@:,+-._',
  '/with blank/and  two',
  '/per%cent/%h/%%/%',
  "/it's/''two",
  '/quote"s/"',
  '/back\\slash/\\\\two/end\\',
  `/all\\'of"\\"them'\\`,
  '/hash #no comment',
  '/$HOME/$(id)/`id`',
  '/tab\there',
  '/ünïcödé 🐧',
  '/glob*?[a]{b,c}~',
  '/~/=,;&|<>()!^',
]
const shells = ['/bin/sh', '/bin/bash', '/bin/dash', '/usr/bin/zsh', '/usr/bin/fish'].filter((path) =>
  existsSync(path),
)
const realSsh = execFileSync('/bin/sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim()

for (const path of odd)
  test(`shells run ssh with the file that was meant, in ${JSON.stringify(path)}`, (t) => {
    const root = temporaryDirectory(t)
    const file = writePrivate(join(root, 'config'), renderProjectHost({ ...host, stateDir: path }))
    writeProgram(join(root, 'bin/ssh'), `#!/bin/sh\nprintf '%s\\0' "$@" >'${root}/words'\n`)
    for (const shell of shells) {
      const env = { PATH: `${root}/bin:/usr/bin:/bin`, SHELL: shell, HOME: root }
      spawnSync(realSsh, ['-F', file, 'api.pool.dvm', 'true'], { env, cwd: root, timeout: 20_000 })
      const words = readFileSync(join(root, 'words'), 'utf8').split('\0').slice(0, -1)
      assert.deepEqual(words, ['-F', `${path}/ssh/config`, 'pool.dvm', remote], shell)
    }
  })

test('what no quoting carries is refused, and so is what is no name', () => {
  for (const word of ['a\nb', 'a\rb'])
    assert.throws(() => sshCommandWord(word), { code: 'config', message: /line break/ })
  assert.throws(() => renderProjectHost({ ...host, stateDir: '/a\nHost *' }), { code: 'config' })
  for (const name of ['a b', '*', 'a\nb', '', 'A', '-x', "a'", 'a.b'])
    for (const change of [{ vm: name }, { project: name }])
      assert.throws(() => renderProjectHost({ ...host, target: { ...target, ...change } }), /not names/)
  for (const account of ['', 'a b', '-x', '%h', '$(id)', 'a\n', "a'", 'ä', '0'])
    assert.throws(() => renderProjectHost({ ...host, account }), /not names/)
  for (const account of ['root', 'node', 'www-data', '_apt', 'Ada.Love', 'u1'])
    assert.ok(isAccount(account), account)
})

const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA'

test('what is known of a container is a known hosts file, and is read back', () => {
  const record = { stamp: stampOf('id', ['a']), account: 'node', hostKey }
  const text = renderProjectRecord(target, record)
  assert.equal(text, `# ${record.stamp} node\napi.pool.dvm ${hostKey}\n`)
  assert.deepEqual(parseProjectRecord(target, text), record)
  const other = [
    undefined,
    '',
    `api.pool.dvm ${hostKey}\n`,
    text.repeat(2),
    text.replace('api.pool', 'web.pool'),
    text.replace(' node', ' no;de'),
    text.replace('ssh-ed25519 ', ''),
    text.slice(0, -1),
  ]
  for (const changed of other) assert.equal(parseProjectRecord(target, changed), undefined, changed)
})

test('a stamp changes with the container and with each part', () => {
  const stamps = [
    stampOf('id', ['a', 'b']),
    stampOf('di', ['a', 'b']),
    stampOf('id', ['ab']),
    stampOf('id', ['a']),
  ]
  assert.equal(new Set(stamps).size, stamps.length)
})
