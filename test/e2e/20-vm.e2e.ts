// A VM from the current base: made, looked at from inside, entered, restarted. Makes its base when there is none (10-base-build).
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { ensureBase, user, writeVm } from '../support/e2e-base.ts'
import {
  answering,
  answers,
  asRoot,
  configDir,
  dvm,
  facts,
  onTerminal,
  instance,
  limactl,
  publishedBase,
  runDvm,
} from '../support/e2e.ts'

const code = `/home/${user}/code/app`
const gib = 1024 ** 3

before(async () => {
  await ensureBase()
  await limactl('delete', '--force', 'dvm-app')
  rmSync(join(configDir, 'vms', 'app'), { recursive: true, force: true })
  assert.notEqual(userInfo().username, user, `the tests need another user than ${user} (${homedir()})`)
})

/** What the guest is like, as the developer's user sees it. */
const lookInside = async (): Promise<Record<string, string>> => {
  const looked = await runDvm(['ssh', 'app', '--', 'bash', '-s'], {
    input: `echo "state=$(systemctl is-system-running --wait)"
echo "failed=$(systemctl list-units --state=failed --plain --no-legend | paste --serial)"
echo "user=$(id -un) $SHELL $HOME"
echo "directory=$PWD $(stat --format '%U:%G %F' .)"
echo "greet=$(greet 'a  b')"
echo "jq=$(echo '{"a":[1,2]}' | jq --compact-output '.a|add')"
echo "listed=$(command -v tree)"
echo "swaps=$(tail --lines +2 /proc/swaps | while read -r name kind _; do echo "$name $kind"; done)"
echo "root=$(df --block-size 1 --output=size / | tail --lines 1)"
echo "hosts=$(stat --format %a /etc/hosts)"
echo "binfmt=$(systemctl is-enabled systemd-binfmt.service)"
echo "boot=$(cat /proc/sys/kernel/random/boot_id)"
echo "keys=$(cat /etc/ssh/ssh_host_*_key.pub | sha256sum)"
`,
  })
  assert.deepEqual([looked.exitCode, looked.stderr], [0, ''])
  return facts(looked.stdout)
}

let first: Record<string, string>

test('new and sync: a VM boots from the current generation', async () => {
  const made = await dvm(['new', 'app'])
  assert.equal(made.exitCode, 0, made.stderr)
  assert.match(
    made.stdout,
    /^(~\/\.config\/dvm\/config\.sh\n)?~\/\.config\/dvm\/vms\/app\/config\.sh\n~\/\.config\/dvm\/vms\/app\/setup\.sh\n$/,
  )
  assert.equal(made.stderr, 'edit them as you like, then: dvm sync app\n')
  writeVm('app')
  assert.deepEqual(await dvm(['sync', 'app']), {
    exitCode: 0,
    stdout: '',
    stderr: '✔ Create app (…)\n✔ Prepare app and run its setup.sh (…)\n',
  })
})

test('inside: zram, the baked tools, the user, the code directory, a grown root, nothing degraded', async () => {
  first = await lookInside()
  const { root, boot, keys, ...rest } = first
  assert.deepEqual(rest, {
    state: 'running',
    failed: '',
    user: `${user} /bin/bash /home/${user}`,
    directory: `${code} ${user}:${user} directory`,
    greet: 'hello from one: a  b',
    jq: '3',
    // From packages.txt.
    listed: '/usr/bin/tree',
    swaps: '/dev/zram0 partition',
    hosts: '644',
    binfmt: 'masked',
  })
  assert.ok(Number(root) > 10 * gib, `a root of ${root} bytes on a disk of 12 GiB`)
  assert.match(`${boot} ${keys}`, /^[0-9a-f-]{36} [0-9a-f]{64}/)
})

test('inside: subordinate ids that overlap with nobody, and rootless-docker neither active nor trying', async () => {
  const inside = await asRoot('dvm-app', 'cat /etc/subuid; echo; cat /etc/subgid')
  const [uids = [], gids = []] = inside.split('\n\n').map((file) =>
    file
      .trim()
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, start, count]) => ({ name, start: Number(start), count: Number(count) })),
  )
  for (const [ranges, count] of [
    [uids, 70_000],
    [gids, 65_536],
  ] as const) {
    assert.deepEqual(
      ranges.filter(({ name }) => name === user).map((range) => range.count),
      [count],
    )
    const sorted = [...ranges].sort((a, b) => a.start - b.start)
    for (const [index, range] of sorted.entries())
      assert.ok(range.start + range.count <= (sorted[index + 1]?.start ?? Infinity), JSON.stringify(ranges))
  }
  // The developer's, who has a code directory: only Docker is missing.
  const unit = await asRoot(
    'dvm-app',
    `uid=$(id --user ${user})
systemctl start user@$uid
runuser -u ${user} -- env XDG_RUNTIME_DIR=/run/user/$uid systemctl --user show rootless-docker.service --property=LoadState,ActiveState,NRestarts,UnitFileState,ConditionResult
systemctl stop user@$uid
`,
  )
  assert.deepEqual(facts(unit), {
    LoadState: 'loaded',
    ActiveState: 'inactive',
    NRestarts: '0',
    UnitFileState: 'enabled',
    ConditionResult: 'no',
  })
})

/** What setup.sh left in the home of Lima's own user, who runs it. */
const setupFiles = async (): Promise<string[]> =>
  (
    await asRoot(
      'dvm-app',
      'cd "$(getent passwd 1000 | cut -d: -f6)" && cat setup-values && wc -c < setup-stdin && cat setup-text setup-runs',
    )
  ).split('\n')

test('setup.sh ran with its variables, an empty stdin, and its text as it is', async () => {
  assert.deepEqual(await setupFiles(), [
    `name=app vm=app lima=dvm-app user=${user} code=${code} ports=18080:8080 ids=70000/65536`,
    '0',
    '$HOME `id` "double" \'single\' \\back\\slash ::dvm setup.sh:: ünïcödé 🐧',
    'run 6',
    '',
  ])
})

test('a second sync finds everything in place: no restart, nothing lost, setup.sh runs again', async () => {
  const kept = await dvm(['ssh', 'app', '--', 'bash', '-c', 'echo mine > work.txt'])
  assert.equal(kept.exitCode, 0, kept.stderr)
  assert.deepEqual(await dvm(['sync', 'app']), {
    exitCode: 0,
    stdout: '',
    stderr: '✔ Prepare app and run its setup.sh (…)\n',
  })
  assert.deepEqual(await lookInside(), first)
  assert.deepEqual((await setupFiles()).slice(3), ['run 6', 'run 6', ''])
  assert.equal((await dvm(['ssh', 'app', '--', 'cat', 'work.txt'])).stdout, 'mine\n')
})

test('ls shows the VM, its generation, and not the builder', async () => {
  const { current } = publishedBase()
  const short = current.slice(0, 12)
  const table = await dvm(['ls'])
  assert.deepEqual([table.exitCode, table.stderr], [0, ''])
  assert.match(
    table.stdout,
    new RegExp(
      String.raw`^VM   STATE    CPUS  MEMORY  DISK +PROJECTS  BASE\napp  Running  2     2 GiB   [\d.]+ (M|G)iB of 12 GiB  -         ${short}\n$`,
    ),
  )
  const json = await dvm(['ls', '--json'])
  const [{ diskUsed, ...row } = {}, ...more] = JSON.parse(json.stdout) as Record<string, unknown>[]
  assert.ok(Number(diskUsed) > 100 * 1024 ** 2, 'the disk takes some room')
  assert.deepEqual(
    [row, more],
    [
      {
        name: 'app',
        instance: 'dvm-app',
        state: 'Running',
        cpus: 2,
        memory: 2 * gib,
        disk: 12 * gib,
        drift: [],
        generation: current,
        behind: false,
        configured: true,
        devBase: null,
        devBaseBehind: false,
        projects: [],
      },
      [],
    ],
  )
})

test('ssh: every argument arrives as it is, the exit code comes back, stdin and stdout are bytes', async () => {
  const hostile = [
    '',
    ' ',
    "it's",
    '"',
    '$HOME',
    '`id`',
    '$(exit 9)',
    '; exit 8',
    '\\',
    '\\n',
    '*',
    '~',
    '!!',
    '-n',
    '--',
  ]
  hostile.push('two\nlines', '\t', "'\\''", 'ünïcödé 🐧', '--help', '{a,b}', '#', '&', '|', '<', '%s')
  const echoed = await runDvm(['ssh', 'app', '--', 'printf', String.raw`%s\0`, ...hostile])
  assert.deepEqual([echoed.exitCode, echoed.stderr], [0, ''])
  assert.deepEqual(echoed.stdout.split('\0').slice(0, -1), hostile)

  for (const exitCode of [1, 37, 255])
    assert.deepEqual(await dvm(['ssh', 'app', '--', 'bash', '-c', `exit ${exitCode}`]), {
      exitCode,
      stdout: '',
      stderr: '',
    })
  const missing = await dvm(['ssh', 'app', '--', 'no-such-command'])
  assert.equal(missing.exitCode, 127)
  assert.match(missing.stderr, /no-such-command: (command )?not found/)

  const input = randomBytes(300_000)
  const sent = await dvm(['ssh', 'app', '--', 'sha256sum'], { input })
  assert.equal(sent.stdout, `${createHash('sha256').update(input).digest('hex')}  -\n`)
  const back = await runDvm(['ssh', 'app', '--', 'cat'], { input })
  assert.ok(back.bytes.equals(input))
})

test('a port that DVM_PORTS names answers on this machine’s loopback', async () => {
  const input = answering(8080, 'hello from app')
  assert.deepEqual(await dvm(['ssh', 'app', '--', 'bash', '-s'], { input }), {
    exitCode: 0,
    stdout: '',
    stderr: '',
  })
  await answers(18_080, 'hello from app\n')
})

test('sh: a login shell on a terminal, in the code directory', async () => {
  const shell = onTerminal(['sh', 'app'])
  await shell.printed(/app\$ /)
  shell.type('echo "$((6 * 7)) $PWD $(tty) $-"; exit 5\n')
  const { exitCode, stdout } = await shell.result
  assert.match(stdout, new RegExp(`^42 ${code} /dev/pts/\\d+ \\w*i\\w*\\r$`, 'm'))
  assert.equal(exitCode, 5, stdout)
})

test('stop, stop again, and sync starts it: the host keys and all files are kept', async () => {
  assert.deepEqual(await dvm(['stop', 'app']), { exitCode: 0, stdout: '', stderr: 'app is stopped\n' })
  assert.deepEqual(await dvm(['stop', 'app']), { exitCode: 0, stdout: '', stderr: 'app was not running\n' })
  assert.match((await dvm(['ls'])).stdout, /^app {2}Stopped /m)
  assert.deepEqual(await dvm(['sync', 'app']), {
    exitCode: 0,
    stdout: '',
    stderr: '✔ Start app (…)\n✔ Prepare app and run its setup.sh (…)\n',
  })
  const { boot, ...second } = await lookInside()
  const { boot: before, ...rest } = first
  assert.deepEqual(second, rest)
  assert.notEqual(boot, before)
  assert.equal((await dvm(['ssh', 'app', '--', 'cat', 'work.txt'])).stdout, 'mine\n')
})

test('rm without --yes removes nothing', async () => {
  assert.deepEqual(await dvm(['rm', 'app']), {
    exitCode: 9,
    stdout: '',
    stderr: 'dvm: removing app deletes everything inside it\n  try: dvm rm app --yes\n',
  })
  assert.equal((await instance('dvm-app'))?.status, 'Running')
})
