// dvm's own registry client in a company's network: a proxy that wants a login and opens TLS, and mirrors that are asked first.
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { DvmError } from '../../../src/core/errors.ts'
import { parseMirrors } from '../../../src/core/mirrors.ts'
import { parseReference, renderReference, type ImageReference } from '../../../src/core/reference.ts'
import { createNetwork } from '../../../src/ports/network.ts'
import { createRegistry, type Registry } from '../../../src/ports/registry/index.ts'
import { withMirrors } from '../../../src/ports/registry/mirrors.ts'
import { createExec } from '../../../src/system/exec.ts'
import { startInterceptingProxy } from '../../support/intercepting-proxy.ts'
import { indexOf } from '../../support/registry.ts'
import { temporaryDirectory } from '../../support/temporary.ts'

const index = indexOf()
const { signal } = new AbortController()

const registryFor = (t: TestContext, variables: Record<string, string>, mirrors?: string): Registry => {
  const home = temporaryDirectory(t)
  const { DVM_CA_BUNDLE: caBundle } = variables
  const network = createNetwork({ variables, caBundle, registryMirrors: mirrors })
  const own = { REGISTRY_AUTH_FILE: join(home, 'auth.json'), ...variables }
  return createRegistry({ variables: own, home, signal, exec: createExec(signal), version: '1.2.3', network })
}

test('through a proxy that opens TLS: with DVM_CA_BUNDLE, and with its login', async (t) => {
  await using proxy = await startInterceptingProxy((host, path) =>
    host === 'quay.test' && path.startsWith('/v2/a/b/manifests/') ? index.text : undefined,
  )
  const image = parseReference('quay.test/a/b:1')
  const trusting = registryFor(t, { HTTPS_PROXY: proxy.url, DVM_CA_BUNDLE: proxy.authority.file })
  assert.equal((await trusting.manifest(image)).digest, index.digest)
  await trusting.close()
  assert.deepEqual(proxy.asked, [{ how: 'https', host: 'quay.test', path: '/v2/a/b/manifests/1' }])

  const without = registryFor(t, { HTTPS_PROXY: proxy.url })
  await assert.rejects(without.manifest(image), {
    code: 'network',
    hint: /DVM_CA_BUNDLE/,
    message: /^cannot reach quay\.test/,
  })
  await without.close()
  const stranger = registryFor(t, {
    HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
    DVM_CA_BUNDLE: proxy.authority.file,
  })
  await assert.rejects(stranger.manifest(image), { code: 'network', hint: /the proxy wants a login/ })
  await stranger.close()
  assert.deepEqual(proxy.asked.at(-1), { how: 'refused', host: 'quay.test', path: '' })
})

test('a mirror behind that proxy is asked instead of the registry', async (t) => {
  await using proxy = await startInterceptingProxy((host, path) =>
    host === 'mirror.test' && path === '/v2/quay/a/b/manifests/1' ? index.text : undefined,
  )
  const variables = { HTTPS_PROXY: proxy.url, DVM_CA_BUNDLE: proxy.authority.file }
  const registry = registryFor(t, variables, 'quay.test=mirror.test/quay')
  assert.equal((await registry.manifest(parseReference('quay.test/a/b:1'))).digest, index.digest)
  await assert.rejects(registry.manifest(parseReference('quay.test/a/c:1')), {
    code: 'not-found',
    message: /^quay\.test has no quay\.test\/a\/c:1/,
  })
  await registry.close()
  assert.deepEqual(
    proxy.asked.map(({ host, path }) => `${host}${path.replace('/v2', '')}`),
    ['mirror.test/quay/a/b/manifests/1', 'mirror.test/quay/a/c/manifests/1', 'quay.test/a/c/manifests/1'],
  )
})

/** A registry that answers with the name that it was asked for, or fails. */
const echo = (failures: Readonly<Record<string, unknown>>): Registry => {
  const answer = (reference: ImageReference): Promise<string> => {
    const failure = failures[reference.registry]
    return failure === undefined
      ? Promise.resolve(`${reference.scheme} ${renderReference(reference)}`)
      : // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- also what is no error
        Promise.reject(failure)
  }
  return {
    resolve: answer,
    manifest: answer,
    blob: answer,
    close: () => Promise.resolve(),
  } as unknown as Registry
}
const image = parseReference('quay.io/a/b:1')
const mirrors = parseMirrors('quay.io=http://one.corp:5000/q quay.io=two.corp')
const resolve = (failures: Readonly<Record<string, unknown>>): Promise<string> =>
  withMirrors(echo(failures), mirrors).resolve(image)
const unreachable = new DvmError('network', 'no')

test('mirrors in their order, then the registry', async () => {
  assert.equal(await resolve({}), 'http one.corp:5000/q/a/b:1')
  assert.equal(await resolve({ 'one.corp:5000': unreachable }), 'https two.corp/a/b:1')
  const both = { 'one.corp:5000': unreachable, 'two.corp': new DvmError('not-found', 'no such image') }
  assert.equal(await resolve(both), 'undefined quay.io/a/b:1')
  await assert.rejects(resolve({ ...both, 'quay.io': new DvmError('network', "the registry's own word") }), {
    message: "the registry's own word",
  })
})

test('a mirror that sends wrong bytes is an error, and so is an interruption', async () => {
  await assert.rejects(resolve({ 'one.corp:5000': new DvmError('integrity', 'wrong') }), {
    code: 'integrity',
  })
  await assert.rejects(resolve({ 'one.corp:5000': new Error('stopped') }), { message: 'stopped' })
})

test('settings that make no sense are told when a registry is asked, not before', async (t) => {
  const bundle = join(temporaryDirectory(t), 'ca.pem')
  writeFileSync(bundle, 'nothing')
  const registry = registryFor(t, { DVM_CA_BUNDLE: bundle })
  const told = { code: 'config', message: `DVM_CA_BUNDLE: ${bundle} holds no certificate in PEM` }
  await assert.rejects(registry.resolve(image), told)
  rmSync(bundle)
  const gone = registryFor(t, { DVM_CA_BUNDLE: bundle })
  await assert.rejects(gone.resolve(image), { message: `DVM_CA_BUNDLE: ${bundle} is not there` })
  const folder = registryFor(t, { DVM_CA_BUNDLE: join(bundle, '..') })
  await assert.rejects(folder.resolve(image), { message: /^DVM_CA_BUNDLE: .* is not a file$/ })
})
