// templates/guest/network.sh in a real bash, on a /etc and /usr/local of the test's own. What makes a system's store of authorities is a
// stand-in that puts the anchors after what was there, as the real ones do.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import test, { after, type TestContext } from 'node:test'
import { renderNetworkScript } from '../../src/core/network-script.ts'
import { guestNetwork, parseNetwork } from '../../src/core/network.ts'
import { makeAuthority } from '../support/certificates.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const template = readFileSync(resolve(import.meta.dirname, '../../templates/guest/network.sh'), 'utf8')
const [company, other] = [makeAuthority('company one'), makeAuthority('company two')]
after(() => [company, other].forEach((authority) => authority[Symbol.dispose]()))

type Family = 'debian' | 'fedora' | 'neither'
const stores = {
  debian: [
    'update-ca-certificates',
    '/usr/local/share/ca-certificates',
    '/etc/ssl/certs/ca-certificates.crt',
  ],
  fedora: [
    'update-ca-trust',
    '/etc/pki/ca-trust/source/anchors',
    '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  ],
  neither: ['nothing', '/nowhere', '/nowhere/store'],
} as const

const guest = (t: TestContext, family: Family = 'debian') => {
  const root = temporaryDirectory(t)
  const path = (name: string): string => join(root, name)
  const [tool, anchors, store] = stores[family]
  const calls = path('calls')
  for (const folder of ['bin', anchors, dirname(store), 'etc/profile.d', 'etc/sudoers.d'])
    mkdirSync(path(folder), { recursive: true })
  if (family === 'fedora') mkdirSync(path('etc/dnf/libdnf5.conf.d'), { recursive: true })
  writeFileSync(path(store), 'everybody knows\n')
  // Every program that the script may start is noted. Only these are found.
  const programs: Readonly<Record<string, string>> = {
    ...Object.fromEntries(
      ['mkdir', 'rm', 'mv', 'cp', 'chmod', 'ln'].map((name) => [
        name,
        `PATH=/usr/bin:/bin exec ${name} "$@"`,
      ]),
    ),
    chgrp: ':',
    id: 'echo 1234',
    chcon: ':',
    [tool]: `{ echo 'everybody knows'; /bin/cat '${path(anchors)}'/*.crt '${path(anchors)}'/*.pem 2>/dev/null; } > '${path(store)}'; echo noise`,
  }
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(path(`bin/${name}`), `#!/bin/bash\necho "${name} $*" >> '${calls}'\n${text}\n`)
    chmodSync(path(`bin/${name}`), 0o755)
  }
  const here = (script: string): string => script.replaceAll(/(?<=[ =<"])\/(etc|usr)\//g, `${root}/$1/`)
  return {
    path,
    store: path(store),
    anchors: path(anchors),
    text: (name: string): string => readFileSync(path(name), 'utf8'),
    mode: (name: string): string => (statSync(path(name)).mode & 0o777).toString(8),
    /** Everything in the guest's /etc and /usr but what the system itself brought. */
    files: (): string[] =>
      readdirSync(root, { recursive: true, encoding: 'utf8' })
        .filter((name) => /^(etc|usr)\//.test(name) && join(root, name) !== path(store))
        .filter((name) => !lstatSync(path(name)).isDirectory())
        .sort(),
    run: (settings: Settings = {}, reader = 'developer') => {
      writeFileSync(calls, '')
      const { status, stdout, stderr } = spawnSync('/bin/bash', ['-s'], {
        input: here(renderNetworkScript(template, network(settings), reader)),
        encoding: 'utf8',
        cwd: '/',
        env: { PATH: path('bin') },
        timeout: 20_000,
      })
      return { status, stdout, stderr, calls: readFileSync(calls, 'utf8').split('\n').filter(Boolean) }
    },
  }
}

interface Settings {
  readonly variables?: Readonly<Record<string, string>>
  readonly mirrors?: string
  readonly bundle?: string
}
const network = ({ variables = {}, mirrors, bundle }: Settings) =>
  guestNetwork(
    parseNetwork({
      variable: (name) => variables[name],
      mirrors,
      bundle: bundle === undefined ? undefined : { path: '/ca.pem', text: bundle },
    }),
  )
const proxy = { variables: { HTTPS_PROXY: `http://me:${encodeURIComponent("s3cr'et $x")}@proxy:3128` } }
const all: Settings = { ...proxy, mirrors: 'docker.io=mirror.corp/hub', bundle: company.pem + other.pem }
const quiet = { status: 0, stdout: '', stderr: '', calls: [] }
const settled = 'bringing the trusted certificates up to date\n'

test('nothing set: nothing is written, no program is started', (t) => {
  const vm = guest(t)
  assert.deepEqual(vm.run(), quiet)
  assert.deepEqual(vm.files(), [])
})

for (const family of ['debian', 'fedora'] as const) {
  test(`${family}: everything arrives; a second run starts no program; without settings all of it goes`, (t) => {
    const vm = guest(t, family)
    const { calls, ...said } = vm.run(all)
    assert.deepEqual(said, { status: 0, stdout: settled, stderr: '' })
    assert.ok(!calls.join('\n').includes('s3cr'), 'no password is an argument')
    assert.equal(vm.text('etc/dvm/network.env').split('\n')[0], '# Kept by dvm for developer.')
    assert.match(vm.text('etc/dvm/network.env'), /^https_proxy=http:\/\/me:s3cr%27et%20%24x@proxy:3128$/m)
    assert.match(
      vm.text('etc/containers/registries.conf.d/50-dvm-network.conf'),
      /^location = "mirror.corp\/hub"$/m,
    )
    assert.equal(readFileSync(vm.store, 'utf8'), `everybody knows\n${company.pem}${other.pem}`)
    assert.equal(vm.text('etc/dvm/trust/bundle.pem'), `everybody knows\n${company.pem}${other.pem}`)
    assert.equal(readdirSync(vm.anchors).length, 2)
    const device = JSON.parse(vm.text('etc/cdi/dvm-network.json')) as {
      devices: [{ containerEdits: { mounts: { containerPath: string }[] } }]
    }
    assert.deepEqual(
      device.devices[0].containerEdits.mounts.map(({ containerPath }) => containerPath),
      ['/dev/dvm-ca', ...(family === 'fedora' ? ['/etc/dnf/libdnf5.conf.d/50-dvm.conf'] : [])].map((name) =>
        // The script's own paths are the test's.
        name.replace('/etc/', `${vm.path('etc')}/`),
      ),
    )
    assert.deepEqual(vm.run(all), quiet)

    if (family === 'debian') {
      // As update-ca-certificates and openssl leave them.
      symlinkSync(join(vm.anchors, 'dvm-network-1.crt'), vm.path('etc/ssl/certs/dvm-network-1.pem'))
      symlinkSync('dvm-network-1.pem', vm.path('etc/ssl/certs/0a1b2c3d.0'))
    }
    assert.equal(vm.run().stdout, settled)
    assert.equal(readFileSync(vm.store, 'utf8'), 'everybody knows\n')
    // What containers that were made with it still name: everybody's authorities, and settings that lead there.
    assert.deepEqual(
      vm.files(),
      ['apt.conf', 'bundle.pem', 'dnf.conf'].map((name) => `etc/dvm/trust/${name}`),
    )
    assert.equal(vm.text('etc/dvm/trust/bundle.pem'), 'everybody knows\n')
    assert.deepEqual(vm.run(), quiet)
  })
}

test('passwords are for root and the developer; nothing else holds one', (t) => {
  const vm = guest(t)
  const { calls } = vm.run(proxy)
  assert.equal(vm.mode('etc/dvm/network.env'), '640')
  const group = calls.find((call) => call.startsWith('chgrp'))
  assert.match(group ?? '', /^chgrp -- 1234 .*\/network\.env\.dvm-new$/)
  assert.equal(vm.mode('etc/sudoers.d/dvm-network'), '440')
  assert.equal(
    vm.text('etc/sudoers.d/dvm-network'),
    '# Kept by dvm sync.\nDefaults env_keep += "https_proxy HTTPS_PROXY no_proxy NO_PROXY"\n',
  )
  assert.equal(readlinkSync(vm.path('etc/environment.d/90-dvm-network.conf')), vm.path('etc/dvm/network.env'))
  for (const name of vm.files().filter((file) => !/network\.env$|environment\.d/.test(file)))
    assert.doesNotMatch(vm.text(name), /s3cr/, name)
})

test('another developer is a change, and in the builder it is root', (t) => {
  const vm = guest(t)
  vm.run(proxy)
  assert.ok(vm.run(proxy, 'other').calls.includes('id -g -- other'))
  assert.deepEqual(vm.run(proxy, 'other'), quiet)
  assert.ok(vm.run(proxy, 'root').calls.every((call) => !call.startsWith('id ')))
})

test('what the file says is what a shell reads: byte for byte, and nothing runs', (t) => {
  const vm = guest(t)
  vm.run({ variables: { http_proxy: "http://me:$(touch oops)`id`;'&|*~@proxy:1", no_proxy: '*.corp' } })
  const { stdout } = spawnSync(
    'sh',
    ['-c', 'set -a; . "$1"; printf "%s\\n" "$http_proxy" "$NO_PROXY"', 'sh', vm.path('etc/dvm/network.env')],
    {
      encoding: 'utf8',
      cwd: vm.path('etc'),
    },
  )
  assert.equal(
    stdout,
    'http://me:%24%28touch%20oops%29%60id%60%3B%27%26%7C%2A%7E@proxy:1\n*.corp,localhost,127.0.0.1,::1,192.168.5.2,host.lima.internal\n',
  )
  assert.ok(!existsSync(vm.path('etc/oops')))
})

test("Lima's own copy of the proxies goes; the rest of the file stays", (t) => {
  const vm = guest(t)
  const lima = '#LIMA-START\nhttps_proxy=http://me:old@proxy:1\nHTTP_PROXY=x\nOTHER=1\n#LIMA-END\n'
  writeFileSync(vm.path('etc/environment'), `PATH=/bin\nhttp_proxy=mine\n${lima}LAST=1`)
  assert.equal(vm.run().status, 0)
  assert.equal(
    vm.text('etc/environment'),
    'PATH=/bin\nhttp_proxy=mine\n#LIMA-START\nOTHER=1\n#LIMA-END\nLAST=1\n',
  )
  assert.deepEqual(vm.run(), quiet)
})

test('one certificate less is a change; a store that was renewed reaches containers', (t) => {
  const vm = guest(t)
  vm.run({ bundle: company.pem + other.pem })
  assert.equal(vm.run({ bundle: other.pem }).stdout, settled)
  assert.equal(readFileSync(vm.store, 'utf8'), `everybody knows\n${other.pem}`)
  assert.deepEqual(readdirSync(vm.anchors), ['dvm-network-1.crt'])
  spawnSync('sh', ['-c', 'echo renewed >> "$1"; touch -d tomorrow "$1"', 'sh', vm.store])
  assert.equal(vm.run({ bundle: other.pem }).stdout, '')
  assert.match(vm.text('etc/dvm/trust/bundle.pem'), /renewed\n$/)
})

test('no tool for certificates: said, everything else arrives, and the next run tries again', (t) => {
  const vm = guest(t, 'neither')
  const { status, stderr } = vm.run(all)
  assert.equal(status, 0)
  assert.match(stderr, /^this VM has neither update-ca-certificates nor update-ca-trust: /)
  assert.ok(existsSync(vm.path('etc/dvm/network.env')))
  assert.match(vm.run(all).stderr, /neither/)
})

test('a tool that fails fails the run, and the next one does it again', (t) => {
  const vm = guest(t)
  const good = readFileSync(vm.path('bin/update-ca-certificates'), 'utf8')
  writeFileSync(vm.path('bin/update-ca-certificates'), '#!/bin/bash\necho "no space left" >&2\nexit 3\n')
  const { status, stderr } = vm.run({ bundle: company.pem })
  assert.deepEqual([status, stderr], [3, 'no space left\n'])
  writeFileSync(vm.path('bin/update-ca-certificates'), good)
  assert.equal(vm.run({ bundle: company.pem }).stdout, settled)
})
