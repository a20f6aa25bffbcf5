import assert from 'node:assert/strict'
import test from 'node:test'
import { asUnit, diskBuild, podmanBuild, podmanScript } from '../../../src/ports/builder/argv.ts'

test('long work is a transient unit that can be found and stopped by its name', () =>
  assert.equal(
    asUnit('dvm-work-1-2', ['podman', 'pull', 'a b']).join('|'),
    'sudo|systemd-run|--quiet|--pipe|--wait|--collect|--unit=dvm-work-1-2|--setenv=HOME=/root|--property=EnvironmentFile=-/etc/dvm/network.env|--working-directory=/|--|podman|pull|a b',
  ))

test('podman build keeps layers, and names file, tag and arguments as words of their own', () => {
  const spec = { containerfile: '/w/Containerfile', context: '/w/c', tag: 'localhost/x:latest' }
  assert.equal(
    podmanBuild(spec).join(' '),
    'podman build --file /w/Containerfile --tag localhost/x:latest --network host --layers /w/c',
  )
  assert.deepEqual(podmanBuild({ ...spec, noCache: true, buildArgs: { A: 'x y', B: '' } }).slice(8), [
    '--layers',
    '--no-cache',
    '--build-arg',
    'A=x y',
    '--build-arg',
    'B=',
    '/w/c',
  ])
})

test('a build that trusts the company: a device, and nothing that stays in the image', () => {
  const spec = { containerfile: '/w/Containerfile', context: '/w/c', tag: 'localhost/x:latest' }
  const more = podmanBuild({ ...spec, trust: true }).filter((word) => !podmanBuild(spec).includes(word))
  assert.deepEqual(more, ['--device', 'dvm.local/network=ca'])
})

test('a check runs in the image without network, its script on stdin', () =>
  assert.equal(
    podmanScript('abc').join(' '),
    'podman run --rm --interactive --network none --pull never --entrypoint bash abc -s',
  ))

test('the disk builder gets what both generations need, and never a pull', () => {
  const digest = `ghcr.io/osbuild/bootc-image-builder@sha256:${'a'.repeat(64)}`
  assert.equal(
    diskBuild({
      builder: digest,
      image: 'localhost/dvm-target:latest',
      output: '/w/output',
      rootfs: 'ext4',
      network: 'none',
      options: ['--progress', 'debug'],
    }).join(' '),
    `podman run --rm --name dvm-disk-builder --privileged --pull never --network none --security-opt label=type:unconfined_t --volume /var/lib/containers/storage:/var/lib/containers/storage --volume /w/output:/output ${digest} --type qcow2 --rootfs ext4 --progress debug localhost/dvm-target:latest`,
  )
})
