// Network settings: what may be written, what a guest gets of it, and that no value becomes syntax or is shown.
import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import { guestNetwork, parseNetwork, type NetworkSettings } from '../../src/core/network.ts'
import { makeAuthority } from '../support/certificates.ts'

const parse = (
  variables: Readonly<Record<string, string>>,
  more: { mirrors?: string; bundle?: string } = {},
): NetworkSettings =>
  parseNetwork({
    variable: (name) => variables[name],
    mirrors: more.mirrors,
    bundle: more.bundle === undefined ? undefined : { path: '/ca.pem', text: more.bundle },
  })
const environment = (variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  guestNetwork(parse(variables)).environment

const own = 'localhost,127.0.0.1,::1,192.168.5.2,host.lima.internal'

test('nothing set: nothing for a guest, whatever NO_PROXY says', () => {
  for (const variables of [{}, { NO_PROXY: 'x' }, { https_proxy: '', HTTPS_PROXY: 'http://p:1' }])
    assert.deepEqual(environment(variables), {})
})

test('a guest gets both spellings, and exceptions for its loopback and this machine', () =>
  assert.deepEqual(environment({ HTTPS_PROXY: 'http://proxy.corp:3128', NO_PROXY: '.corp, 10.0.0.0/8' }), {
    https_proxy: 'http://proxy.corp:3128',
    HTTPS_PROXY: 'http://proxy.corp:3128',
    no_proxy: `.corp,10.0.0.0/8,${own}`,
    NO_PROXY: `.corp,10.0.0.0/8,${own}`,
  }))

const proxies: readonly [string, string][] = [
  ['http://proxy', 'http://proxy:80'],
  ['http://proxy:3128/', 'http://proxy:3128'],
  ['https://proxy', 'https://proxy:443'],
  ['socks5://proxy', 'socks5://proxy:1080'],
  // This machine's loopback, as a guest reaches it.
  ['http://localhost:3128', 'http://192.168.5.2:3128'],
  ['http://127.0.0.1:3128', 'http://192.168.5.2:3128'],
  ['http://me:pw@[::1]:3128', 'http://me:pw@192.168.5.2:3128'],
  ['http://[fd00::1]:3128', 'http://[fd00::1]:3128'],
  // Passwords, down to letters, digits and a few signs.
  ['http://me:p%40ss@proxy:1', 'http://me:p%40ss@proxy:1'],
  ['http://me:$(id)`id`\'"@proxy:1', 'http://me:%24%28id%29%60id%60%27%22@proxy:1'],
  ['http://me:a;b&c|d~e*f!@proxy:1', 'http://me:a%3Bb%26c%7Cd%7Ee%2Af%21@proxy:1'],
  ['http://token@proxy:1', 'http://token@proxy:1'],
  ['http://me:ünï@proxy:1', 'http://me:%C3%BCn%C3%AF@proxy:1'],
  ['http://proxy:1/path?query#hash', 'http://proxy:1'],
]
for (const [value, expected] of proxies)
  test(`a proxy ${value}`, () => {
    const { http_proxy: found = '' } = environment({ http_proxy: value })
    assert.equal(found, expected)
    assert.match(found, /^[\w:/@.%[\]-]+$/)
  })

test('what was encoded means the same', () => {
  const password = `p@ss/w:rd$('x') ünï`
  const { HTTPS_PROXY: found = '' } = environment({
    https_proxy: `http://me:${encodeURIComponent(password)}@p:1`,
  })
  assert.equal(decodeURIComponent(new URL(found).password), password)
})

const refusal = (action: () => unknown): DvmError => {
  try {
    action()
  } catch (error) {
    assert.ok(error instanceof DvmError)
    assert.equal(error.code, 'config')
    return error
  }
  return assert.fail('it was taken')
}

for (const value of [
  'me:s3cret@proxy:3128',
  'ftp://me:s3cret@proxy',
  'http://me:s3cret@',
  'file:///s3cret',
  's3cret',
])
  test(`no proxy: ${JSON.stringify(value)}, and nobody sees it`, () => {
    const { message, hint } = refusal(() => parse({ HTTPS_PROXY: value }))
    assert.equal(message, 'HTTPS_PROXY is not the address of a proxy')
    assert.equal(hint, 'export HTTPS_PROXY=http://HOST:PORT')
  })

test('a host with a line end in it never gets as far', () => {
  for (const value of ['http://proxy\nEVIL=1', 'http://pro xy', 'http://proxy";id;"'])
    try {
      assert.match(environment({ http_proxy: value })['http_proxy'] ?? '', /^http:\/\/[\w.-]+:\d+$/)
    } catch (error) {
      assert.ok(error instanceof DvmError)
    }
})

test('exceptions: hosts, domains, addresses, networks', () => {
  const fine = [
    '*',
    '.corp',
    '*.corp',
    'host',
    'host:8080',
    '10.0.0.0/8',
    '::1',
    '[fd00::1]',
    'fd00::/8',
    'a_b.c',
  ]
  assert.deepEqual(parse({ NO_PROXY: fine.join(',') }).exceptions, fine)
  for (const wrong of ['$(id)', 'a"b', "a'b", 'a`b', 'a;b', 'http://x', 'a\\b', 'a=b'])
    assert.equal(
      refusal(() => parse({ no_proxy: `x,${wrong}` })).message,
      `no_proxy names ${JSON.stringify(wrong)}, which is no host and no network`,
    )
})

const company = makeAuthority('company')
after(() => company[Symbol.dispose]())

test('certificates: each once, and nothing else of the file', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n'
  const text = `about it: $(id)\r\n${company.pem.replaceAll('\n', '\r\n')}${key}${company.pem}`
  assert.deepEqual(parse({}, { bundle: text }).certificates, [company.pem])
  assert.deepEqual(guestNetwork(parse({}, { bundle: company.pem })).environment, {
    NODE_EXTRA_CA_CERTS: '/etc/dvm/trust/bundle.pem',
    PIP_CERT: '/etc/dvm/trust/bundle.pem',
    REQUESTS_CA_BUNDLE: '/etc/dvm/trust/bundle.pem',
  })
})

const block = (text: string): string => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`
const bundles: readonly [string, string, string][] = [
  ['nothing', '', 'holds no certificate in PEM'],
  ['a key', '-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----', 'holds no certificate in PEM'],
  ['nonsense', company.pem + block("'; id; '"), 'holds something that is no certificate (the 2. of 2)'],
  ["a system's whole store", company.pem.repeat(41), 'holds 41 certificates, 40 are the most'],
]
for (const [what, bundle, why] of bundles)
  test(`a bundle that holds ${what} is refused`, () =>
    assert.equal(refusal(() => parse({}, { bundle })).message, `DVM_CA_BUNDLE: /ca.pem ${why}`))
