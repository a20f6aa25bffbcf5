// `dvm pins …` as a process of its own against a registry on this machine: exit code, stdout and stderr whole.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { runDvm } from '../support/dvm.ts'
import type { Document, TestRegistry } from '../support/registry.ts'
import { imageOf, indexOf, startRegistry, status } from '../support/registry.ts'

const old = indexOf(['amd64', 'arm64'], { salt: 'old' })
const fresh = indexOf(['amd64', 'arm64'], { salt: 'new', created: '2026-11-30T01:00:00Z' })
const short = ({ digest }: Document): string => digest.slice(0, 19)
const today = (): string => new Date().toISOString().slice(0, 10)

const pin = (host: string, name = 'fedora-bootc', digest = old.digest) => ({
  reference: `${host}/fedora/${name}`,
  track: '44',
  digest,
  resolved: '2026-11-21',
})
/** Two pins in a spelling of its own, which must survive. */
const written = (host: string, digests: { fedora?: string; debian?: string } = {}): string =>
  `{"debian": {\t"bootc-base": ${JSON.stringify(pin(host, 'debian', digests.debian))} },\n\n` +
  ` "fedora":{"bootc-base":${JSON.stringify(pin(host, 'fedora-bootc', digests.fedora))}}}`

const setUp = async (text = written) => {
  const registry = await startRegistry()
  for (const name of ['fedora-bootc', 'debian']) registry.tag(`fedora/${name}`, '44', old)
  const home = mkdtempSync(join(tmpdir(), 'dvm-pins-'))
  const file = join(home, 'pins.json')
  writeFileSync(file, text(registry.host), { mode: 0o644 })
  return {
    registry,
    home,
    file,
    run: (...args: string[]) => runDvm(home, ['pins', ...args, '--file', file]),
    [Symbol.asyncDispose]: async () => {
      await registry[Symbol.asyncDispose]()
      rmSync(home, { recursive: true })
    },
  }
}
const moved = (registry: TestRegistry): void => registry.tag('fedora/fedora-bootc', '44', fresh)
/** Columns as dvm aligns them, so that a test names cells only. */
const table = (...rows: string[][]): string => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('')
}
const outdatedNote = 'a tag moved on; its pin still works: dvm pins update\n'
const goneNote =
  'a registry no longer has a pinned image; bases that are built keep booting, the next build needs: dvm pins update\n'
const unreachableNote = 'a registry gave no answer; nothing is known of its pins, try again later\n'
const checked = (host: string, debian: string[], fedora: string[]): string =>
  table(
    ['FLAVOUR', 'ROLE', 'TRACKS', 'STATE', 'PINNED', 'TAG NOW'],
    ['debian', 'bootc-base', `${host}/fedora/debian:44`, ...debian],
    ['fedora', 'bootc-base', `${host}/fedora/fedora-bootc:44`, ...fedora],
  )
const pinned = `${short(old)} (2026-11-21)`

test('list shows the pins that ship, without any network', async () => {
  const home = mkdtempSync(join(tmpdir(), 'dvm-pins-'))
  const shipped: unknown = JSON.parse(readFileSync(new URL('../../pins.json', import.meta.url), 'utf8'))
  const { exitCode, stdout, stderr } = await runDvm(home, ['pins', 'list', '--json'])
  rmSync(home, { recursive: true })
  assert.deepEqual([exitCode, stderr], [0, ''])
  const back: Record<string, Record<string, unknown>> = {}
  for (const { flavour, role, ...rest } of JSON.parse(stdout) as { flavour: string; role: string }[])
    back[flavour] = { ...back[flavour], [role]: rest }
  assert.deepEqual(back, shipped)
})

test('list, for people', async () => {
  await using setup = await setUp()
  const { host } = setup.registry
  assert.deepEqual(await setup.run('list', '--flavour', 'fedora'), {
    exitCode: 0,
    stdout: table(
      ['FLAVOUR', 'ROLE', 'TRACKS', 'RESOLVED', 'DIGEST'],
      ['fedora', 'bootc-base', `${host}/fedora/fedora-bootc:44`, '2026-11-21', old.digest],
    ),
    stderr: '',
  })
  assert.deepEqual(setup.registry.seen, [])
})

test('check: current is 0, by one HEAD for each pin', async () => {
  await using setup = await setUp()
  assert.deepEqual(await setup.run('check'), {
    exitCode: 0,
    stdout: checked(setup.registry.host, ['current', pinned], ['current', pinned]),
    stderr: '',
  })
  assert.deepEqual(setup.registry.seen.map(({ method }) => method).join(' '), 'HEAD HEAD')
})

test('check: outdated is 10, gone is 11, and each says what to do', async () => {
  await using setup = await setUp()
  const { registry } = setup
  moved(registry)
  const now = `${short(fresh)} (2026-11-30)`
  assert.deepEqual(await setup.run('check'), {
    exitCode: 10,
    stdout: checked(registry.host, ['current', pinned], ['outdated', pinned, now]),
    stderr: outdatedNote,
  })
  registry.remove('fedora/fedora-bootc', old.digest)
  assert.deepEqual(await setup.run('check'), {
    exitCode: 11,
    stdout: checked(registry.host, ['current', pinned], ['gone', pinned, now]),
    stderr: goneNote,
  })
  const { exitCode, stdout } = await setup.run('check', '--json', '--flavour', 'fedora')
  const fedora = { flavour: 'fedora', role: 'bootc-base', ...pin(registry.host) }
  assert.deepEqual(
    { exitCode, json: JSON.parse(stdout) as unknown },
    {
      exitCode: 11,
      json: {
        state: 'gone',
        pins: [{ ...fedora, state: 'gone', latest: fresh.digest, created: '2026-11-30' }],
      },
    },
  )
})

test('check: unreachable is 12, which gone outweighs and outdated does not', async () => {
  await using setup = await setUp()
  const { registry, run } = setup
  moved(registry)
  const denied = (name: string): void => {
    registry.always = (request, response) => {
      if (!request.url?.includes(name)) return false
      response.writeHead(403).end()
      return true
    }
  }
  denied('debian')
  const now = `${short(fresh)} (2026-11-30)`
  const warning = `warning: debian bootc-base: ${registry.host} refuses ${registry.host}/fedora/debian:44 (403)\n`
  assert.deepEqual(await run('check'), {
    exitCode: 12,
    stdout: checked(registry.host, ['unreachable', pinned], ['outdated', pinned, now]),
    stderr: warning + unreachableNote + outdatedNote,
  })
  registry.remove('fedora/fedora-bootc', old.digest)
  assert.equal((await run('check')).exitCode, 11)
  await registry[Symbol.asyncDispose]()
  assert.equal((await run('check')).exitCode, 12)
})

test('check: a tag that was deleted, and one that cannot be pinned any more', async () => {
  await using setup = await setUp()
  setup.registry.remove('fedora/debian', '44')
  setup.registry.tag('fedora/fedora-bootc', '44', imageOf('amd64'))
  const { exitCode, stderr } = await setup.run('check')
  const { host } = setup.registry
  assert.deepEqual(
    { exitCode, stderr },
    {
      exitCode: 10,
      stderr:
        `warning: debian bootc-base: the tag ${host}/fedora/debian:44 no longer exists; track another one\n` +
        `warning: fedora bootc-base: ${host}/fedora/fedora-bootc:44 cannot be pinned: it is the image of a single architecture, ` +
        `not an image index; its digest would give the other architecture the wrong CPU\n${outdatedNote}`,
    },
  )
})

const updated = (host: string, debian: string, fedora: string): string =>
  table(
    ['FLAVOUR', 'ROLE', 'TRACKS', 'OLD', 'NEW'],
    ['debian', 'bootc-base', `${host}/fedora/debian:44`, pinned, `→ ${debian}`],
    ['fedora', 'bootc-base', `${host}/fedora/fedora-bootc:44`, pinned, `→ ${fedora}`],
  )

test('update: the tracked tag only, and no other byte of the file', async () => {
  await using setup = await setUp()
  const { registry, run, file } = setup
  registry.tag('fedora/fedora-bootc', '45', indexOf(['amd64', 'arm64'], { salt: 'rawhide' }))
  registry.tag('fedora/fedora-bootc', 'latest', indexOf(['amd64', 'arm64'], { salt: 'rawhide' }))
  const before = readFileSync(file, 'utf8')
  assert.deepEqual(await run('update'), {
    exitCode: 0,
    stdout: updated(registry.host, 'unchanged', 'unchanged'),
    stderr: '',
  })
  assert.equal(readFileSync(file, 'utf8'), before)
  moved(registry)
  registry.seen.length = 0
  assert.deepEqual(await run('update'), {
    exitCode: 0,
    stdout: updated(registry.host, 'unchanged', `${short(fresh)} (2026-11-30)`),
    stderr: '',
  })
  const expected = written(registry.host, { fedora: fresh.digest }).split('2026-11-21')
  assert.equal(readFileSync(file, 'utf8'), `${expected[0]}2026-11-21${expected[1]}${today()}${expected[2]}`)
  assert.equal(statSync(file).mode & 0o777, 0o644)
  assert.deepEqual(readdirSync(setup.home), ['pins.json'])
  for (const { url } of registry.seen) assert.match(url, /\/manifests\/44$/)
  assert.equal((await run('check')).exitCode, 0)
})

test('update: one role or flavour only; a dry run writes nothing', async () => {
  await using setup = await setUp()
  moved(setup.registry)
  const before = readFileSync(setup.file, 'utf8')
  const args = [
    'pins',
    'update',
    '--file',
    setup.file,
    '--flavour',
    'fedora',
    '--role',
    'bootc-base',
    '--json',
  ]
  const dry = await runDvm(setup.home, args, { DVM_DRY_RUN: '1' })
  assert.deepEqual([dry.exitCode, dry.stderr], [0, `dry run: ${setup.file} is not written\n`])
  const next = { digest: fresh.digest, resolved: today(), created: '2026-11-30' }
  assert.deepEqual(JSON.parse(dry.stdout), {
    pins: [{ flavour: 'fedora', role: 'bootc-base', ...pin(setup.registry.host), next }],
  })
  assert.equal((await setup.run('update', '--flavour', 'debian')).exitCode, 0)
  assert.equal(readFileSync(setup.file, 'utf8'), before)
})

test('update: what is not an index of both architectures is refused, the rest is written', async () => {
  await using setup = await setUp()
  const { registry } = setup
  moved(registry)
  for (const [served, why] of [
    [imageOf('arm64'), 'it is the image of a single architecture, not an image index'],
    [indexOf(['amd64']), 'its index lacks linux/arm64 (it has linux/amd64)'],
  ] as const) {
    writeFileSync(setup.file, written(registry.host))
    registry.tag('fedora/debian', '44', served)
    const { exitCode, stdout, stderr } = await setup.run('update')
    assert.equal(exitCode, 9)
    assert.equal(stdout, updated(registry.host, 'failed', `${short(fresh)} (2026-11-30)`))
    const start = `warning: debian bootc-base stays as it is: ${registry.host}/fedora/debian:44 (${served.digest}) cannot be pinned: ${why}`
    assert.equal(stderr.slice(0, start.length), start)
    assert.match(
      stderr,
      /\ndvm: 1 of 2 pins could not be resolved\n  try: track a tag of an image index in pins\.json\n$/,
    )
    assert.match(readFileSync(setup.file, 'utf8'), new RegExp(fresh.digest))
  }
})

test('update: a registry that contradicts itself changes nothing', async () => {
  await using setup = await setUp()
  const { registry } = setup
  const before = readFileSync(setup.file, 'utf8')
  const lies = [
    [
      status(200, { 'docker-content-digest': old.digest }),
      status(200, { 'content-type': fresh.type }, fresh.text),
    ],
    [
      status(200, { 'docker-content-digest': fresh.digest }),
      status(200, { 'docker-content-digest': fresh.digest }, old.text),
    ],
  ]
  for (const lie of lies) {
    registry.next.push(...lie)
    const { exitCode, stderr } = await setup.run('update', '--flavour', 'fedora')
    assert.equal(exitCode, 6, stderr)
    assert.match(stderr, /^warning: fedora bootc-base stays as it is: .*the registry (names|sent) sha256/)
  }
  assert.equal(readFileSync(setup.file, 'utf8'), before)
})

test('a file that is missing, wrong or not ours to write', async () => {
  await using setup = await setUp()
  const missing = await runDvm(setup.home, ['pins', 'check', '--file', '/nowhere/pins.json'])
  assert.deepEqual(missing, {
    exitCode: 5,
    stdout: '',
    stderr: 'dvm: there is no /nowhere/pins.json\n  try: check --file\n',
  })
  moved(setup.registry)
  // Root may write anywhere; test/tasks/pins.test.ts has the same for root.
  if (process.getuid?.() !== 0) {
    chmodSync(setup.home, 0o555)
    const refused = await setup.run('update', '--flavour', 'fedora')
    chmodSync(setup.home, 0o755)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /^dvm: cannot write .*pins\.json: EACCES/)
    assert.match(
      refused.stderr,
      /export DVM_BOOTC_BASE=127\.0\.0\.1:\d+\/fedora\/fedora-bootc@sha256:[0-9a-f]{64}/,
    )
  }
  writeFileSync(setup.file, written(setup.registry.host, { debian: '44', fedora: 'latest' }))
  const wrong = await setup.run('list')
  assert.deepEqual(wrong, {
    exitCode: 3,
    stdout: '',
    stderr:
      `dvm: ~/pins.json has 2 problems\n` +
      `  | ${setup.file}:1: debian bootc-base: digest "44" is not a digest (sha256: and 64 hexadecimal digits)\n` +
      `  | ${setup.file}:3: fedora bootc-base: digest "latest" is not a digest (sha256: and 64 hexadecimal digits)\n` +
      '  try: correct the file; "dvm pins update" writes digest and resolved\n',
  })
})

test('what keeps dvm from asking is a wrong configuration, not a registry that is silent', async () => {
  await using setup = await setUp()
  const { host } = setup.registry
  for (const [env, stderr] of [
    [
      { HTTPS_PROXY: 'ftp://proxy' },
      'dvm: HTTPS_PROXY is not the address of a proxy\n  try: export HTTPS_PROXY=http://HOST:PORT\n',
    ],
    [{ DVM_CA_BUNDLE: '/nowhere.pem' }, /^dvm: DVM_CA_BUNDLE/],
  ] as const) {
    const found = await runDvm(setup.home, ['pins', 'check', '--file', setup.file], env)
    assert.deepEqual([found.exitCode, found.stdout], [3, ''])
    if (typeof stderr === 'string') assert.equal(found.stderr, stderr)
    else assert.match(found.stderr, stderr)
  }
  const socks = await runDvm(setup.home, ['pins', 'check', '--file', setup.file], {
    HTTPS_PROXY: 'socks5://127.0.0.1:9',
  })
  assert.deepEqual(socks, {
    exitCode: 0,
    stdout: checked(host, ['current', pinned], ['current', pinned]),
    stderr: '',
  })
})

test('a file of pins that is no file, has none, or commands the terminal', async () => {
  await using setup = await setUp()
  const list = (path: string) => runDvm(setup.home, ['pins', 'list', '--file', path])
  execFileSync('mkfifo', [join(setup.home, 'pipe')])
  for (const path of [setup.home, join(setup.home, 'pipe')]) {
    const { exitCode, stderr } = await list(path)
    assert.equal(exitCode, 3)
    assert.ok(
      stderr.endsWith(` is not a file\n  try: see what it is, and move it away: ls -ld '${path}'\n`),
      stderr,
    )
  }
  writeFileSync(setup.file, '{}')
  assert.deepEqual(await list(setup.file), {
    exitCode: 5,
    stdout: '',
    stderr: 'dvm: the file has no pins\n  try: see those of dvm: dvm pins list\n',
  })
  writeFileSync(setup.file, '{"\u001B[31mfedora": {}}'.replace('\u001B', '\\u001b'))
  const { exitCode, stderr } = await list(setup.file)
  assert.equal(exitCode, 3)
  assert.ok(!stderr.includes('\u001B'), stderr)
})
