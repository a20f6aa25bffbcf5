// A disk that is cut off or altered on its way to the host, and an image that only a boot finds out. Makes its base when there is none
// (10-base-build).
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { containerfile, ensureBase, writeContainerfile } from '../../support/e2e-base.ts'
import { dvm, home, instance, publishedBase, type BaseFacts } from '../../support/e2e.ts'

let old: BaseFacts

before(async () => {
  await ensureBase()
  old = publishedBase()
})

/** An ssh first on PATH that changes what comes back of the disk, and nothing else. */
const withDamage = (filter: string): Record<string, string> => {
  const folder = join(home, 'damaging-bin')
  const ssh = execFileSync('sh', ['-c', 'command -v ssh']).toString().trim()
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'ssh'),
    `#!/bin/bash
case "\${@: -1}" in
*zstd*/qcow2/disk.qcow2*) ${ssh} "$@" | ${filter} ;;
*) exec ${ssh} "$@" ;;
esac
`,
    { mode: 0o755 },
  )
  return { PATH: `${folder}:${process.env['PATH'] ?? ''}` }
}

for (const [what, filter] of [
  ['cut off', 'head -c 50000000'],
  ['altered in a few bytes', '{ head -c 9000000; printf XXXX; head -c 4 >/dev/null; cat; }'],
] as const)
  test(`a disk that is ${what} on its way: exit 6, nothing published`, async () => {
    writeContainerfile(containerfile('damaged'))
    const { exitCode, stderr } = await dvm(['base', 'build', '--no-boot-test'], { env: withDamage(filter) })
    assert.equal(exitCode, 6, stderr)
    assert.match(stderr, /^✖ Fetch the disk /m)
    assert.match(stderr, /^dvm: the disk changed on its way from the builder: it cannot be unpacked$/m)
    assert.match(stderr, /nothing was published; the old base stays in use/)
    assert.deepEqual(publishedBase(), old)
  })

test('an image whose kernel panics at boot: the boot test says so, with the last lines of the console', async () => {
  writeContainerfile(containerfile('damaged', 'RUN cp /bin/false /usr/lib/systemd/systemd'))
  const { exitCode, stdout, stderr } = await dvm(['base', 'build'])
  assert.deepEqual([exitCode, stdout], [1, ''], stderr)
  assert.match(stderr, /^✔ Check the image /m)
  assert.match(stderr, /^✖ Boot test /m)
  assert.match(
    stderr,
    /^dvm: the new base does not pass the boot test: it does not boot: the kernel panicked$/m,
  )
  assert.match(stderr, /^ {2}\| .*Kernel panic - not syncing/m)
  assert.match(stderr, /^ {2}try: correct your Containerfile and build again; the old base stays in use$/m)
  assert.equal(await instance('dvm-base'), undefined)
  assert.deepEqual(publishedBase(), old)
})
