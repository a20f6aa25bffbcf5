// Builds from pinned images of a real registry, and from a pin that the registry no longer has. Makes its base when there is none
// (10-base-build): the images that are pushed come from its layers.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import {
  containerfile,
  ensureBase,
  pretendFedoraBuilder,
  writeContainerfile,
} from '../../support/e2e-base.ts'
import { startGuestRegistry, type GuestRegistry } from '../../support/e2e-registry.ts'
import { asRoot, builder, dvm, logText, publishedBase } from '../../support/e2e.ts'

const build = ['base', 'build', '--no-boot-test']
let registry: GuestRegistry | undefined

before(async () => {
  await ensureBase()
  registry = await startGuestRegistry()
})
after(() => registry?.[Symbol.asyncDispose]())

const started = (): GuestRegistry => {
  assert.ok(registry)
  return registry
}

/** What dvm's own layers stand on here, as an image to push: the pinned one, or the one that was made from packages. */
const rootImage = (): string => {
  const source = String(publishedBase().metadata['bootcBase'])
  return source.startsWith('bootstrap:') ? 'localhost/dvm-bootstrap:trixie' : source
}

test('the pinned image is pulled by its digest; once the registry has it no more: pin gone, and what to do', async () => {
  const pinned = await started().push(rootImage(), 'dvm/debian')
  const env = { DVM_BOOTC_BASE: pinned }
  const old = publishedBase()
  writeContainerfile(containerfile('pinned', 'RUN exit 33'))
  const pulled = await dvm(build, { env })
  assert.match(pulled.stderr, /exit status 33$/m)
  assert.match(pulled.stderr, /^✔ Build dvm-base /m)

  await started().remove(pinned)
  await asRoot(builder, `podman rmi --force ${pinned}`)
  const gone = await dvm(build, { env })
  assert.equal(gone.exitCode, 8, gone.stderr)
  assert.match(gone.stderr, /^✖ Build dvm-base /m)
  assert.match(
    gone.stderr,
    /^dvm: pin gone: the registry no longer has the digest that DVM_BOOTC_BASE names$/m,
  )
  assert.match(gone.stderr, /^ {2}try: set DVM_BOOTC_BASE to a digest that is there/m)
  assert.deepEqual(publishedBase(), old)
})

/**
 * A Debian that answers to what Fedora's Containerfiles ask for: dnf and bootc that do nothing, and Fedora's names of units. What is
 * tried is dvm's way through a pinned disk builder, not Fedora.
 */
const standIn = `set -eu
mkdir -p /run/dvm-e2e && cd /run/dvm-e2e
cat > Containerfile <<'END'
FROM localhost/dvm-base:latest
RUN for tool in dnf dnf5 bootc; do printf '#!/bin/sh\\nexit 0\\n' > /usr/bin/$tool; chmod 755 /usr/bin/$tool; done
END
podman build --quiet --network host --tag localhost/dvm-e2e-fedora .
`

test("fedora's way, with stand-ins: dvm-base and the disk builder come by digest from a registry", async (t) => {
  t.after(await pretendFedoraBuilder())
  await asRoot(builder, standIn)
  const bootcBase = await started().push('localhost/dvm-e2e-fedora', 'dvm/fedora-bootc')
  const diskBuilder = await started().push('localhost/dvm-disk-builder:latest', 'dvm/bootc-image-builder')
  await asRoot(builder, `podman rmi --force ${bootcBase} ${diskBuilder}`)
  const before = publishedBase().current
  writeContainerfile(containerfile('by-digest'))
  const built = await dvm(['base', 'build'], {
    env: { DVM_FLAVOUR: 'fedora', DVM_BOOTC_BASE: bootcBase, DVM_BISC_IMAGE: diskBuilder },
  })
  assert.equal(built.exitCode, 0, built.stderr)
  assert.match(built.stdout, /^base [0-9a-f]{12} \(fedora, [\d.]+ (MiB|GiB)\) is ready/)
  const { current, metadata } = publishedBase()
  assert.notEqual(current, before)
  assert.deepEqual(
    [metadata['flavour'], metadata['bootcBase'], metadata['diskBuilder'], metadata['bootTest']],
    ['fedora', bootcBase, diskBuilder, 'passed'],
  )
  assert.match(logText(), /^\[\d+ \/ \d+\] Pipeline /m)
})
