// A company's network on the command line: no password in an argument, on the screen or in a log; nothing of it in an instance document.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { makeAuthority } from '../support/certificates.ts'
import { dvmOnFake } from '../support/dvm-on-fake.ts'

const company = makeAuthority('company')
after(() => company[Symbol.dispose]())
const proxy = 'http://me:s3cret@127.0.0.1:3128'
const env = { HTTPS_PROXY: proxy, https_proxy: proxy, DVM_CA_BUNDLE: company.file, DVM_VERBOSE: '1' }
const leaky = 'proxyconnect: http://me:s3cret@proxy:3128 refuses\n'

/** Everything that dvm keeps of a run. */
const kept = (home: string): string =>
  readdirSync(join(home, '.local/state/dvm'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')

for (const ssh of [false, true])
  test(`sync ${ssh ? 'over ssh' : 'over limactl'}: passwords travel on stdin only, and tools that print them are kept quiet`, async (t) => {
    const { fake, run, write, home } = dvmOnFake(t, {
      ssh,
      guest: [{ match: ['bash', '-s'], exitCode: 1, stdout: leaky, stderr: leaky }],
    })
    write('.config/dvm/vms/app/config.sh', 'DVM_USER=me\n')
    write('.config/dvm/vms/app/setup.sh', 'true\n')
    fake.add({ name: 'dvm-app', status: 'Running' })
    const { exitCode, stdout, stderr } = await run(['sync', 'app'], { env })
    assert.equal(exitCode, 1)
    assert.match(stderr, /proxyconnect: http:\/\/\*\*\*@proxy:3128 refuses/)
    assert.doesNotMatch(stdout + stderr + kept(home), /s3cret/)
    const events = await run(['sync', 'app', '--json'], { env })
    assert.doesNotMatch(events.stdout + events.stderr, /s3cret/)
    const calls = fake.journal()
    assert.doesNotMatch(calls.map(({ argv }) => argv.join(' ')).join('\n'), /s3cret|BEGIN CERTIFICATE/)
    const scripts = calls.map(({ guest }) => guest?.stdin ?? '').join('')
    assert.match(scripts, /me:s3cret@192\.168\.5\.2:3128/)
    assert.ok(scripts.includes(company.pem))
  })

test('a proxy that is none is exit 3, before a VM is made, and nobody sees what it was', async (t) => {
  const { fake, run, write } = dvmOnFake(t)
  write('.config/dvm/vms/app/config.sh', 'DVM_USER=me\n')
  const { exitCode, stderr } = await run(['sync', 'app'], { env: { HTTPS_PROXY: 'me:s3cret@proxy:3128' } })
  assert.equal(exitCode, 3)
  assert.match(
    stderr,
    /dvm: HTTPS_PROXY is not the address of a proxy\n {2}try: export HTTPS_PROXY=http:\/\/HOST:PORT\n$/,
  )
  assert.doesNotMatch(stderr, /s3cret/)
  assert.deepEqual(
    fake.calls().filter((call) => !call.startsWith('list')),
    [],
  )
})

test('doctor: certificates and mirrors', async (t) => {
  const { run } = dvmOnFake(t)
  const lines = async (more: Readonly<Record<string, string>>): Promise<string> =>
    (await run(['doctor'], { env: { DVM_BOOTC_BASE: 'bootstrap:trixie', DVM_FLAVOUR: 'debian', ...more } }))
      .stdout
  const fine = await lines({ DVM_CA_BUNDLE: company.file, DVM_REGISTRY_MIRRORS: 'docker.io=mirror.corp' })
  assert.match(fine, new RegExp(`^ok +DVM_CA_BUNDLE +${company.file}$`, 'm'))
  assert.match(fine, /^ok +registry mirrors +docker\.io=mirror\.corp$/m)
  const wrong = await lines({ DVM_CA_BUNDLE: '/nowhere/ca.pem', DVM_REGISTRY_MIRRORS: 'docker.io' })
  assert.match(wrong, /^problem +DVM_CA_BUNDLE +\/nowhere\/ca\.pem is not there$/m)
  const mirrors = await lines({ DVM_REGISTRY_MIRRORS: 'docker.io' })
  assert.match(
    mirrors,
    /^problem +registry mirrors +DVM_REGISTRY_MIRRORS: "docker\.io" is not REGISTRY=MIRROR$/m,
  )
})
