// What `dvm doctor` makes of facts: versions, QEMU, KVM, space, names, proxies.
import assert from 'node:assert/strict'
import test from 'node:test'
import { judgeKvm, type KvmFacts } from '../../src/core/doctor/kvm.ts'
import { judgeNames } from '../../src/core/doctor/lima-names.ts'
import {
  judgeCertificateDirectories,
  judgeCertificates,
  judgeProxies,
} from '../../src/core/doctor/network.ts'
import { installHint, type Part, type System } from '../../src/core/doctor/packages.ts'
import { firmwarePaths, judgeFirmware, judgeQemu } from '../../src/core/doctor/qemu.ts'
import { judgeApart, judgeMemory, judgeSpace, type Space } from '../../src/core/doctor/resources.ts'
import { isOlder, judgeTool, versionIn, type Tool } from '../../src/core/doctor/tool.ts'
import { judgeVz } from '../../src/core/doctor/vz.ts'
import { DvmError } from '../../src/core/errors.ts'
import { clean, findingOf, ok, onOneLine, type Finding } from '../../src/core/finding.ts'
import { proxyAddress, proxySetting } from '../../src/core/proxy.ts'
import { gib } from '../../src/core/sizes.ts'

const debian: System = { platform: 'linux', arch: 'x64', osRelease: 'NAME="Debian"\nID=debian\n' }
const mac: System = { platform: 'darwin', arch: 'arm64', osRelease: '' }
const tool = (says: string, state: Tool['state'] = 'runs'): Tool => ({ path: '/usr/bin/it', state, says })
const short = ({ state, found }: Finding): string => `${state}: ${found}`

test('versions are found in what tools say, and compared', () => {
  for (const [says, version] of [
    ['GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)', '5.2.15'],
    ['GNU bash, Version 3.2.57(1)-release (arm64-apple-darwin23)', '3.2.57'],
    ['OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.15', '9.2p1'],
    ['QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)', '10.0.2'],
    ['a development build', undefined],
    ['', undefined],
  ] as const)
    assert.equal(versionIn(says), version, says)
  const older: readonly [string, string, boolean][] = [
    ['7.2.15', '8.0.0', true],
    ['8.0.0', '8.0.0', false],
    ['10.0.2', '8.0.0', false],
    ['3.2', '3.2', false],
    ['3.1.17', '3.2', true],
    ['9.2p1', '9.1', false],
    ['13', '13.0.0', false],
  ]
  for (const [version, than, expected] of older)
    assert.equal(isOlder(version, than), expected, `${version} ${than}`)
})

test('a tool that is missing, does not run, hangs or is too old is a problem', () => {
  const judge = (found: Tool | undefined): string =>
    short(judgeTool('bash', found, { install: 'apt-get install bash', oldest: '3.2' }))
  assert.equal(judge(tool('version 5.2.15')), 'ok: 5.2.15 (/usr/bin/it)')
  assert.equal(judge(undefined), 'problem: bash is not installed')
  assert.equal(judge(tool('', 'fails')), 'problem: /usr/bin/it does not run')
  assert.equal(judge(tool('', 'hangs')), 'problem: /usr/bin/it does not answer')
  assert.equal(judge(tool('version 3.1.17')), 'problem: 3.1.17 (/usr/bin/it) is too old')
  assert.equal(judge(tool('bash')), 'warning: /usr/bin/it does not tell its version')
  assert.equal(short(judgeTool('ssh', tool('no number'), { install: '' })), 'ok: /usr/bin/it')
})

test('how to install a part, by system', () => {
  const hint = (osRelease: string, part: Part, arch = 'x64'): string =>
    installHint({ platform: 'linux', arch, osRelease }, part)
  assert.equal(hint('ID=debian', 'qemu'), 'sudo apt-get install qemu-system-x86')
  assert.equal(hint('ID=ubuntu\nID_LIKE=debian', 'firmware'), 'sudo apt-get install ovmf')
  assert.equal(
    hint('ID=pop\nID_LIKE="ubuntu debian"', 'firmware', 'arm64'),
    'sudo apt-get install qemu-efi-aarch64',
  )
  assert.equal(hint('ID=fedora', 'qemu', 'arm64'), 'sudo dnf install qemu-system-aarch64')
  assert.equal(hint('ID=arch', 'ssh'), 'sudo pacman -S openssh')
  const anywhere = 'install it with your package manager (Debian: qemu-utils, Fedora: qemu-img)'
  for (const other of ['ID="almalinux"\nID_LIKE="rhel centos fedora"', 'ID=nixos', ''])
    assert.equal(hint(other, 'qemu-img'), anywhere, other)
  assert.equal(installHint(mac, 'qemu'), 'brew install qemu')
})

test('QEMU: how old it may be depends on acceleration', () => {
  const judge = (says: string | undefined, emulated: boolean, system = debian): string =>
    short(
      judgeQemu(system, 'qemu-system-x86_64', says === undefined ? undefined : tool(says), emulated),
    ).replace(' (/usr/bin/it)', '')
  const version = (text: string): string => `QEMU emulator version ${text} (Debian)`
  const table: readonly [string, boolean, string][] = [
    ['10.0.2', true, 'ok: 10.0.2'],
    ['8.0.0', true, 'ok: 8.0.0'],
    ['7.2.15', true, 'problem: 7.2.15 is too old to emulate: guests panic'],
    ['7.2.15', false, 'warning: 7.2.15 is old; with KVM it may do'],
    ['3.1.0', false, 'problem: 3.1.0 is too old for Lima'],
  ]
  for (const [text, emulated, expected] of table) assert.equal(judge(version(text), emulated), expected)
  assert.equal(judge(undefined, false), 'problem: qemu-system-x86_64 is not installed')
  assert.equal(judge('QEMU', false), 'warning: /usr/bin/it does not tell its version')
  assert.equal(judge(version('8.2.0'), false, mac), 'problem: 8.2.0 is too old for Lima')
  assert.equal(judge(version('8.2.1'), false, mac), 'ok: 8.2.1')
  const finding = judgeQemu(debian, 'qemu-system-x86_64', undefined, true)
  assert.deepEqual([finding.name, finding.fix], ['qemu', 'sudo apt-get install qemu-system-x86'])
})

test('firmware is looked for where Lima looks, in its order', () => {
  assert.deepEqual(firmwarePaths(debian, '/usr/local/bin/qemu-system-x86_64', '/home/me').slice(0, 5), [
    '/home/me/.local/share/qemu/edk2-x86_64-code.fd',
    '/usr/local/share/qemu/edk2-x86_64-code.fd',
    '/usr/local/bin/share/edk2-x86_64-code.fd',
    '/usr/share/edk2/x64/OVMF_CODE.4m.fd',
    '/usr/share/OVMF/OVMF_CODE.fd',
  ])
  const arm = firmwarePaths({ ...debian, arch: 'arm64' }, '/usr/bin/qemu-system-aarch64', '/home/me')
  assert.ok(
    arm.includes('/usr/share/AAVMF/AAVMF_CODE.fd') && arm.includes('/usr/share/qemu/edk2-aarch64-code.fd'),
  )
  assert.equal(judgeFirmware(debian, '/x').state, 'ok')
  assert.deepEqual(judgeFirmware(debian, undefined), {
    name: 'uefi',
    state: 'problem',
    found: 'no UEFI firmware where Lima looks for it',
    fix: 'sudo apt-get install ovmf',
  })
})

test('KVM is never a problem, and comes with what opens it', () => {
  const facts: KvmFacts = {
    kvm: 'closed',
    emulated: true,
    variable: 'QEMU_SYSTEM_X86_64',
    device: { group: 'kvm', groupMayOpen: true, isListed: false },
  }
  const device = (change: Partial<NonNullable<KvmFacts['device']>>): Finding =>
    judgeKvm({ ...facts, device: { group: 'kvm', groupMayOpen: true, isListed: false, ...change } })
  assert.equal(device({}).fix, 'sudo usermod -aG kvm "$USER", then log in again')
  assert.equal(device({ group: 'virt' }).fix, 'sudo usermod -aG virt "$USER", then log in again')
  assert.match(device({ isListed: true }).fix ?? '', /^log out and in again/)
  for (const change of [{ group: undefined }, { groupMayOpen: false }])
    assert.match(device(change).fix ?? '', /^sudo chown "\$USER" \/dev\/kvm/)
  const states = (['usable', 'missing', 'closed', 'broken', 'unknown', 'not-asked'] as const).map(
    (kvm) => judgeKvm({ ...facts, kvm }).state,
  )
  assert.deepEqual(states, ['ok', 'warning', 'warning', 'warning', 'warning', 'warning'])
  assert.equal(judgeKvm({ ...facts, kvm: 'not-asked' }).fix, 'unset QEMU_SYSTEM_X86_64')
  assert.equal(judgeKvm({ ...facts, kvm: 'not-asked', emulated: false }).state, 'ok')
})

test('macOS: vz from 13 on, with a warning for old ones on Intel', () => {
  const table: readonly [string | undefined, string, Finding['state']][] = [
    ['14.5', 'arm64', 'ok'],
    ['26', 'arm64', 'ok'],
    ['13.0', 'arm64', 'ok'],
    ['12.7.6', 'arm64', 'problem'],
    ['14.5', 'x64', 'warning'],
    ['15.5', 'x64', 'ok'],
    ['', 'arm64', 'warning'],
    [undefined, 'arm64', 'warning'],
  ]
  for (const [says, arch, state] of table) assert.equal(judgeVz(says, arch).state, state, `${says} ${arch}`)
})

test('space and memory have thresholds', () => {
  const place = { name: 'space', path: '/cache', fix: 'make room' }
  const space: Space = { at: '/cache', isDirectory: true, mayWrite: true, free: 100 * gib, device: 1 }
  const judge = (change: Partial<Space>): string => short(judgeSpace(place, { ...space, ...change }))
  assert.equal(judge({}), 'ok: 100 GiB free at /cache')
  assert.equal(judge({ free: 15 * gib }), 'ok: 15 GiB free at /cache')
  assert.equal(judge({ free: 15 * gib - 1 }), 'warning: 15 GiB free at /cache')
  assert.equal(judge({ free: 2 * gib }), 'warning: 2 GiB free at /cache')
  assert.equal(judge({ free: 2 * gib - gib / 4 }), 'problem: 1.8 GiB free at /cache')
  assert.equal(judge({ mayWrite: false }), 'problem: nothing can be written in /cache')
  assert.equal(judge({ isDirectory: false }), 'problem: /cache is not a directory')
  assert.equal(judgeApart(ok('space', 'x'), false).state, 'ok')
  assert.equal(judgeApart(ok('space', 'x'), true).state, 'warning')
  assert.deepEqual([judgeMemory(4 * gib).state, judgeMemory(4 * gib - 1).state], ['ok', 'warning'])
})

test('socket paths are counted as Lima counts them: ssh.sock and 17 more, below 108 bytes, elsewhere 104', () => {
  const found = (home: string, instances: readonly string[], platform = 'linux') =>
    judgeNames(home, instances, platform).map(short)
  assert.deepEqual(found('/home/me/.lima', ['dvm-app', 'dvm-builder']), [
    'ok: 52 of at most 107 bytes below /home/me/.lima',
  ])
  // 1 + 7 + 1 + 25 bytes come after the directory.
  const most = `/${'h'.repeat(72)}`
  assert.equal(most.length + '/dvm-app/ssh.sock.1234567890123456'.length, 107)
  assert.match(found(most, ['dvm-app'])[0] ?? '', /^ok: 107 of at most 107/)
  assert.match(found(`${most}h`, ['dvm-app'])[0] ?? '', /^problem: dvm-app: 108 bytes below .*, at most 107$/)
  assert.match(found(most, ['dvm-app'], 'darwin')[0] ?? '', /^problem: dvm-app: 107 bytes .*, at most 103$/)
  assert.match(found(`/${'ü'.repeat(37)}`, ['dvm-app'])[0] ?? '', /^problem: dvm-app: 109 bytes/)
  assert.match(found(most, ['dvm-apps', 'dvm-builder'])[0] ?? '', /^problem: dvm-apps and 1 more: 108 bytes/)
  for (const name of ['dvm-a-', 'dvm-a--b', `dvm-${'a'.repeat(73)}`])
    assert.match(found('/l', [name]).at(-1) ?? '', /^problem: Lima will not take dvm-a/, name)
})

test('the proxy in force is shown without its login, and not at all when nobody can tell where that is', () => {
  const from = (variables: Record<string, string>, name: 'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY') =>
    proxySetting((each) => variables[each], name)
  assert.deepEqual(from({ HTTP_PROXY: 'a', http_proxy: '' }, 'HTTP_PROXY'), { name: 'http_proxy', value: '' })
  assert.deepEqual(from({ NO_PROXY: 'a' }, 'NO_PROXY'), { name: 'NO_PROXY', value: 'a' })
  for (const [value, shown] of [
    ['http://proxy:3128', 'http://proxy:3128'],
    ['https://me:s3cret@proxy:3128/s3cret?s3cret', 'https://proxy:3128'],
    ['socks5://proxy:1080', 'socks5://proxy:1080'],
    ['me:s3cret@proxy:3128', undefined],
    ['proxy:3128', undefined],
    ['10.0.0.1:80', undefined],
    ['ftp://proxy', undefined],
  ] as const)
    assert.equal(proxyAddress(value), shown, value)
  const judge = (...values: string[]): string[] =>
    judgeProxies(
      values.map((value, at) => ({ name: ['HTTP_PROXY', 'HTTPS_PROXY'][at] ?? '', value })),
      { name: 'NO_PROXY', value: 'localhost,.corp' },
    ).map((finding) => `${short(finding)}${finding.fix ?? ''}`)
  assert.deepEqual(judge('', ''), ['ok: none'])
  assert.deepEqual(judge('http://a', 'http://me:s3cret@b:1'), [
    'ok: HTTP_PROXY=http://a, HTTPS_PROXY=http://b:1 (with a login), NO_PROXY=localhost,.corp',
  ])
  assert.deepEqual(judge('me:s3cret@b:1', 'http://b'), [
    'problem: HTTP_PROXY is not the address of a proxyexport HTTP_PROXY=http://HOST:PORT',
  ])
})

test('certificates that cannot be read are a problem, a file without any is a warning', () => {
  const states = (['certificates', 'empty', 'directory', 'missing', 'unreadable', 'other'] as const).map(
    (file) => short(judgeCertificates('SSL_CERT_FILE', '/ca', file)),
  )
  assert.deepEqual(states, [
    'ok: /ca',
    'warning: /ca holds no certificate in PEM',
    'problem: /ca is a directory',
    'problem: /ca is not there',
    'problem: /ca is closed to this user',
    'problem: /ca is not a file',
  ])
  assert.equal(judgeCertificateDirectories('SSL_CERT_DIR', '/a:/b', ['/b']).found, '/b')
  assert.equal(judgeCertificateDirectories('SSL_CERT_DIR', '/a:/b', []).state, 'problem')
})

test('a failure becomes a finding on one line; what is in a name cannot pass for another line', () => {
  const problems = new DvmError('config', 'the configuration has 2 problems\n  /a: X is bad\n  /a: Y is bad')
  assert.deepEqual(findingOf('VM app', 'problem', problems), {
    name: 'VM app',
    state: 'problem',
    found: 'the configuration has 2 problems: /a: X is bad; /a: Y is bad',
    fix: 'correct that, then: dvm doctor',
  })
  const closed = Object.assign(new Error("EACCES: permission denied, open '/x'"), {
    code: 'EACCES',
    syscall: 'open',
  })
  assert.equal(findingOf('x', 'warning', closed)?.fix, 'check the owner and mode of that path')
  assert.equal(findingOf('x', 'warning', new TypeError('a bug')), undefined)
  assert.equal(onOneLine('a\nok  b\u001B[2J\u202Eü\t'), String.raw`a\nok  b\u{1b}[2J\u{202e}ü\t`)
  const hostile = 'x\nok  y'
  const { name, found, fix } = clean({ name: hostile, state: 'problem', found: hostile, fix: hostile })
  assert.deepEqual([name, found, fix], Array(3).fill(String.raw`x\nok  y`))
})
