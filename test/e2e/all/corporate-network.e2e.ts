// A company's network: a proxy on this machine that wants a login and opens TLS, and a registry mirror. A build fetches through it, and the
// image knows nothing of it; a VM gets all of it by a sync, and loses it by the next. Makes its base when there is none (10-base-build).
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { containerfile, ensureBase, freshWord, user, writeContainerfile } from '../../support/e2e-base.ts'
import { startGuestRegistry, type GuestRegistry } from '../../support/e2e-registry.ts'
import { asRoot, builder, buildLog, configDir, dvm, facts, limactl, runDvm } from '../../support/e2e.ts'
import { startInterceptingProxy, type InterceptingProxy } from '../../support/intercepting-proxy.ts'

const vm = 'net'
const registryName = 'company.test'
const setup = `if [ -n "\${https_proxy:-}" ]; then
  curl -fsS https://tools.company.test/tool > ~/tool
  sudo /usr/lib/apt/apt-helper download-file https://apt.company.test/package /srv/package
fi
`

let company: InterceptingProxy
let registry: GuestRegistry
/** What a person behind the proxy has set, and what a person without one has. */
let behind: Record<string, string>
const without = { HTTP_PROXY: '', HTTPS_PROXY: '', http_proxy: '', https_proxy: '' }

before(async () => {
  await ensureBase()
  await limactl('delete', '--force', `dvm-${vm}`)
  const directory = join(configDir, 'vms', vm)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const config = `DVM_USER=${user}\nDVM_CPUS=2\nDVM_MEMORY=2\nDVM_DISK=12\n`
  writeFileSync(join(directory, 'config.sh'), config, { mode: 0o600 })
  writeFileSync(join(directory, 'setup.sh'), setup, { mode: 0o600 })
  company = await startInterceptingProxy((host, path) =>
    host.endsWith('.company.test') ? `${host}${path}\n` : undefined,
  )
  registry = await startGuestRegistry()
  const proxy = company.url
  behind = {
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    DVM_CA_BUNDLE: company.authority.file,
    DVM_REGISTRY_MIRRORS: `${registryName}=http://127.0.0.1:${registry.host.split(':')[1]}/hub`,
  }
})
after(async () => {
  await limactl('delete', '--force', `dvm-${vm}`)
  rmSync(join(configDir, 'vms', vm), { recursive: true, force: true })
  await registry[Symbol.asyncDispose]()
  await company[Symbol.asyncDispose]()
})

/** What nobody may find where it has no place: the proxy's address in a guest, its password in any spelling, the authority's own bytes. */
const marks = (): string[] => [
  `192.168.5.2:${company.port}`,
  company.login.password,
  encodeURIComponent(company.login.password).slice(0, 12),
  company.authority.pem.split('\n')[1] ?? '',
]
const quoted = (): string =>
  marks()
    .map((mark) => `-e '${mark.replaceAll("'", `'\\''`)}'`)
    .join(' ')
const clean = (text: string): void => {
  for (const mark of marks()) assert.ok(!text.includes(mark), `${mark} is in:\n${text}`)
}

/** In a build: curl and apt, over TLS that the proxy opens and without, and where they found what they needed. */
const fetching = [
  'RUN curl -fsS https://tools.company.test/tool > /etc/dvm-e2e-fetched',
  'RUN /usr/lib/apt/apt-helper download-file https://apt.company.test/package /srv/package' +
    ' && /usr/lib/apt/apt-helper download-file http://apt.company.test/list /srv/list' +
    ' && cat /srv/package /srv/list >> /etc/dvm-e2e-fetched && rm /srv/package /srv/list',
]
const fetched = 'tools.company.test/tool\napt.company.test/package\napt.company.test/list\n'

test('a build fetches through the proxy that opens TLS', async () => {
  writeContainerfile(containerfile(freshWord(), ...fetching))
  const built = await dvm(['base', 'build', '--no-boot-test'], { env: behind })
  assert.equal(built.exitCode, 0, built.stderr)
  assert.deepEqual(
    company.asked.filter(({ host }) => host.endsWith('.company.test')),
    [
      { how: 'https', host: 'tools.company.test', path: '/tool' },
      { how: 'https', host: 'apt.company.test', path: '/package' },
      { how: 'http', host: 'apt.company.test', path: '/list' },
    ],
  )
  clean(`${built.stdout}${built.stderr}${readFileSync(buildLog, 'utf8')}`)
})

test('the image holds nothing of it: neither its settings nor its files', async () => {
  const image = 'localhost/dvm-target:latest'
  const looked = await asRoot(
    builder,
    `podman image inspect ${image}
podman image history --no-trunc --format '{{.CreatedBy}}' ${image}
root=$(podman image mount ${image})
echo "fetched=$(paste --serial --delimiters=, "$root/etc/dvm-e2e-fetched")"
echo "found=$(grep -rslF ${quoted()} "$root" | paste --serial)"
echo "left=$(cd "$root" && find dev etc/dvm etc/cdi etc/containers/registries.conf.d -name '*dvm*' 2>/dev/null | paste --serial)"
podman image unmount ${image} >/dev/null
`,
  )
  clean(looked)
  assert.doesNotMatch(looked, /dvm-ca|_PROXY|SSL_CERT_FILE|APT_CONFIG/)
  const { fetched: got, found, left } = facts(looked)
  assert.deepEqual([got, found, left], [fetched.trim().replaceAll('\n', ','), '', ''])
})

test('the mirror serves what no registry has, in the builder', async () => {
  const reference = await pushTiny()
  assert.match(await asRoot(builder, `podman pull --quiet ${reference}\n`), /^[0-9a-f]{64}\n$/)
})

/** An image that only the mirror has, as a reference to a registry that does not exist. */
let tiny: string | undefined
const pushTiny = async (): Promise<string> => {
  await asRoot(
    builder,
    `mkdir -p /run/dvm-e2e-tiny && cd /run/dvm-e2e-tiny && echo tiny > file
printf 'FROM scratch\\nCOPY file /\\n' > Containerfile
podman build --quiet --tag localhost/dvm-e2e-tiny . >/dev/null
`,
  )
  const pushed = await registry.push('localhost/dvm-e2e-tiny', 'hub/a/tiny')
  await asRoot(builder, 'podman rmi --force localhost/dvm-e2e-tiny >/dev/null\n')
  tiny = `${registryName}/a/tiny@${pushed.split('@')[1]}`
  return tiny
}

const inside = async (command: string, env: Record<string, string>): Promise<string> => {
  const { exitCode, stdout, stderr } = await runDvm(['ssh', vm, '--', 'bash', '-c', command], { env })
  return exitCode === 0 ? stdout : `exit ${exitCode}: ${stderr}`
}
const curl = 'curl -sS --max-time 20 https://tools.company.test/tool'

test('a VM from that image, synced without settings, holds nothing of them and gets nowhere', async () => {
  const made = await dvm(['sync', vm], { env: without })
  assert.equal(made.exitCode, 0, made.stderr)
  const looked = facts(
    await asRoot(
      `dvm-${vm}`,
      `echo "fetched=$(paste --serial --delimiters=, /etc/dvm-e2e-fetched)"
echo "found=$(grep -rslF --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev ${quoted()} / | paste --serial)"
echo "left=$(ls -d /etc/dvm /etc/cdi /dev/dvm-ca 2>/dev/null | paste --serial)"
echo "lima=$(grep -ci _proxy /etc/environment)"
`,
    ),
  )
  assert.deepEqual(looked, { fetched: fetched.trim().replaceAll('\n', ','), found: '', left: '', lima: '0' })
  assert.match(await inside(curl, without), /^exit (6|7|28): /)
})

test('a sync brings them: proxy, authority and mirror, for setup.sh, sudo, shells and podman', async () => {
  const before = company.asked.length
  const synced = await dvm(['sync', vm], { env: behind })
  assert.equal(synced.exitCode, 0, synced.stderr)
  assert.deepEqual(
    company.asked.slice(before).map(({ how, host, path }) => `${how} ${host}${path}`),
    ['https tools.company.test/tool', 'https apt.company.test/package'],
  )
  assert.equal(await inside(curl, behind), 'tools.company.test/tool\n')
  // A login shell of the developer's, as an editor or `su -` makes one.
  assert.match(
    await asRoot(`dvm-${vm}`, `runuser --login ${user} -c 'env | grep ^https_proxy'\n`),
    new RegExp(`@192\\.168\\.5\\.2:${company.port}\n$`),
  )
  assert.match(await asRoot(`dvm-${vm}`, `podman pull --quiet ${tiny}\n`), /^[0-9a-f]{64}\n$/)
  clean(synced.stderr)
})

test('its password is for root and the developer: in no other file, no argument, no journal', async () => {
  const password = encodeURIComponent(company.login.password).slice(0, 12)
  const looked = await asRoot(
    `dvm-${vm}`,
    `echo "mode=$(stat --format '%a %U' /etc/dvm/network.env)"
echo "nobody=$(runuser -u nobody -- cat /etc/dvm/network.env 2>&1 | grep --count --fixed-strings '${password}')"
echo "files=$(grep -rslF --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev -e '${password}' / | paste --serial)"
echo "sudo=$(visudo --check --quiet && echo fine)"
journalctl --sync
echo "journal=$(journalctl --no-pager --output=cat | grep --count --fixed-strings '${password}')"
`,
  )
  assert.deepEqual(facts(looked), {
    mode: '640 root',
    nobody: '0',
    files: '/etc/dvm/network.env',
    sudo: 'fine',
    journal: '0',
  })
})

test('a sync without settings takes them back', async () => {
  const synced = await dvm(['sync', vm], { env: without })
  assert.equal(synced.exitCode, 0, synced.stderr)
  const mark = company.authority.pem.split('\n')[1] ?? ''
  const looked = await asRoot(
    `dvm-${vm}`,
    `echo "left=$(find /etc /usr/local '(' -name '*dvm-network*' -o -name network.env -o -xtype l -lname '*dvm-network*' ')' | paste --serial)"
echo "trusted=$(grep --count --fixed-strings '${mark}' /etc/ssl/certs/ca-certificates.crt)"
`,
  )
  assert.deepEqual(facts(looked), { left: '', trusted: '0' })
  assert.match(await inside(curl, without), /^exit (6|7|28): /)
})
