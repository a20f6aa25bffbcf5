import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test from 'node:test'
import { controlSocket, guestLine, guestTerm, sshArgs, sshHost } from '../../../src/ports/lima/guest.ts'

test('a guest line changes directory and replaces the shell', () => {
  assert.equal(
    guestLine({ argv: ['ls', '-l', 'a b'] }),
    `cd / || exit 1 ; export PATH="$PATH:/usr/sbin:/sbin" ; exec ls -l 'a b'`,
  )
  assert.match(
    guestLine({ argv: ["it's", '$(id)', ''], workdir: '/a b' }),
    /^cd '\/a b' .* exec 'it'\\''s' '\$\(id\)' ''$/,
  )
  assert.equal(guestLine({ argv: [], workdir: '/code' }), 'cd /code || exit 1 ; exec "$SHELL" -l')
})

test('ssh uses the control socket but never becomes the master', () => {
  const args = sshArgs({ name: 'my_vm.x' }, '/x/ssh.config', { argv: ['true'] }, { tty: false, stdin: false })
  assert.deepEqual(args.slice(0, 2), ['-F', '/x/ssh.config'])
  assert.ok(args.includes('ControlMaster=no'))
  assert.deepEqual(args.slice(-5, -1), ['-T', '-n', 'lima-my-vm-x', '--'])
  assert.deepEqual(sshArgs({ name: 'a' }, '/x', { argv: [] }, { tty: true, stdin: true }).slice(-4, -1), [
    '-t',
    'lima-a',
    '--',
  ])
  assert.equal(controlSocket('/x/dvm-app/ssh.config'), '/x/dvm-app/ssh.sock')
  assert.equal(sshHost('dvm-app'), 'lima-dvm-app')
})

test('with the agent ssh connects as the user itself, past the control socket, to a host that it knows', () => {
  const login = { user: 'me', knownHostsFile: '/s t/100%/app.known_hosts' }
  const args = sshArgs({ name: 'dvm-app' }, '/x', { argv: ['true'] }, { tty: false, stdin: true }, login)
  assert.deepEqual(
    args.slice(2, args.indexOf('BatchMode=yes') - 1).filter((word) => word !== '-o'),
    [
      'ControlPath=none',
      'ForwardAgent=yes',
      'User=me',
      'StrictHostKeyChecking=yes',
      'NoHostAuthenticationForLocalhost=no',
      'HostKeyAlias=dvm-app',
      'UserKnownHostsFile="/s t/100%%/app.known_hosts"',
    ],
  )
  // What the real ssh makes of it, over what Lima's own configuration says.
  const read = spawnSync('ssh', ['-G', '-F', '/dev/null', ...args.slice(2)], { encoding: 'utf8' }).stdout
  for (const line of [
    'user me',
    'forwardagent yes',
    'stricthostkeychecking true',
    'hostkeyalias dvm-app',
    'userknownhostsfile /s t/100%/app.known_hosts',
  ])
    assert.ok(read.split('\n').includes(line), line)
})

test('terminals that a guest does not know are replaced', () => {
  for (const known of [
    'xterm',
    'xterm-256color',
    'screen-256color',
    'tmux-256color',
    'linux',
    'dumb',
    'vt100',
  ])
    assert.equal(guestTerm(known), known)
  for (const strange of ['xterm-ghostty', 'xterm-kitty', 'alacritty', 'wezterm', '$(id)'])
    assert.equal(guestTerm(strange), 'xterm-256color')
  assert.equal(guestTerm(undefined), 'dumb')
})
