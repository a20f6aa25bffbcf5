// Disks that fill up, the host's and the builder's. Makes its base when there is none (10-base-build).
// The host's small disk is a real file system: a tmpfs mounted in a user namespace, which an ordinary user may make on Linux.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { containerfile, ensureBase, firstExtraLine, writeContainerfile } from '../../support/e2e-base.ts'
import {
  asRoot,
  builder,
  cacheDir,
  dvm,
  dvmCommand,
  follow,
  home,
  publishedBase,
  type BaseFacts,
  type Result,
} from '../../support/e2e.ts'

const build = ['base', 'build', '--no-boot-test']
let old: BaseFacts

before(async () => {
  await ensureBase()
  old = publishedBase()
})

const filler = '/var/lib/dvm-e2e-filler'
const leave = (mebibytes: number): Promise<string> =>
  asRoot(
    builder,
    `rm -f ${filler}
free=$(df --output=avail --block-size=1M /var/lib | tail --lines 1)
fallocate --length $((free - ${mebibytes}))MiB ${filler}
`,
  )

test('a builder without room fails in the second step, with numbers', async (t) => {
  t.after(() => asRoot(builder, `rm -f ${filler}`))
  await leave(2048)
  writeContainerfile(containerfile('full'))
  const { exitCode, stderr } = await dvm(build)
  assert.equal(exitCode, 1, stderr)
  assert.match(stderr, /^dvm: the builder's disk is nearly full: (2|1\.9) GiB free, 6 GiB needed$/m)
  assert.match(stderr, /^ {2}try: DVM_BUILDER_DISK=80 dvm base build --clean$/m)
  assert.deepEqual(publishedBase(), old)
})

test('a builder that fills up in a RUN line: the reason, and what to type', async (t) => {
  t.after(() => asRoot(builder, `rm -f ${filler}`))
  await leave(7000)
  writeContainerfile(containerfile('full', 'RUN fallocate --length 8GiB /usr/lib/too-much'))
  const { exitCode, stderr } = await dvm(build)
  assert.equal(exitCode, 1, stderr)
  assert.match(
    stderr,
    new RegExp(
      String.raw`Containerfile:${firstExtraLine}: the disk of the builder is full: [\d.]+ GiB of [\d.]+ GiB were left for this step$`,
      'm',
    ),
  )
  assert.match(stderr, /No space left on device/)
  assert.match(stderr, /^ {2}try: DVM_BUILDER_DISK=80 dvm base build --clean$/m)
  assert.deepEqual(publishedBase(), old)
})

/** Runs a bash script in which DVM_CACHE_DIR is a tmpfs of that size. `"$@"` in it is the dvm command line. */
const withSmallCache = (size: string, script: string, args: readonly string[]): Promise<Result> => {
  const inner = join(home, 'small-cache-inner.sh')
  const outer = join(home, 'small-cache.sh')
  const folder = join(home, 'small-cache')
  writeFileSync(inner, `set -eu\nexport DVM_CACHE_DIR=${folder}\ncache=${folder}\n${script}`)
  writeFileSync(
    outer,
    `set -eu
mkdir -p ${folder}
mount -t tmpfs -o size=${size},mode=0700 tmpfs ${folder}
exec unshare --user --map-user=$1 --map-group=$2 bash ${inner} "\${@:3}"
`,
  )
  const ids = [String(process.getuid?.()), String(process.getgid?.())]
  return follow('unshare', [
    '--user',
    '--map-root-user',
    '--mount',
    'bash',
    outer,
    ...ids,
    ...dvmCommand(args),
  ]).result
}

const showBase = `
echo "generation=$(readlink "$cache/base/current")"
echo "sum=$(sha256sum < "$cache/base/disk.qcow2")"
echo "temporary=$(ls -A "$cache/base/generations" | grep tmp || true)"
exit $code
`

test('a host without room is told before any work, with numbers', async () => {
  writeContainerfile(containerfile('full'))
  const { exitCode, stderr } = await withSmallCache('300m', 'exec "$@"', build)
  assert.equal(exitCode, 1, stderr)
  assert.match(stderr, /^dvm: not enough space in ~?\/.*small-cache: 300 MiB free, [\d.]+ GiB needed$/m)
  assert.match(stderr, /^ {2}try: free some space, or set DVM_CACHE_DIR to a roomier place$/m)
})

test('a host disk that fills up while the base arrives: numbers, the old base whole, nothing temporary', async () => {
  writeContainerfile(containerfile('full'))
  const { exitCode, stdout, stderr } = await withSmallCache(
    '4g',
    `mkdir -p "$cache/base" && cp --archive ${cacheDir}/base/. "$cache/base/"
code=0
"$@" & build=$!
until ls "$cache"/base/generations/.tmp-*/disk.qcow2 >/dev/null 2>&1; do kill -0 $build || break; done
free=$(df --output=avail --block-size=1M "$cache" | tail --lines 1)
fallocate --length $((free - 50))MiB "$cache/filler"
wait $build || code=$?
${showBase}`,
    build,
  )
  assert.equal(exitCode, 1, stderr)
  assert.match(stderr, /^✖ Fetch the disk /m)
  assert.match(
    stderr,
    /^dvm: not enough space in .*small-cache: [\d.]+ (B|KiB|MiB) free, the disk is [\d.]+ (M|G)iB$/m,
  )
  assert.match(
    stderr,
    /^ {2}try: free some space, or set DVM_CACHE_DIR to a roomier place; the old base stays in use$/m,
  )
  assert.equal(
    stdout,
    `generation=generations/${old.current}\nsum=${String(old.metadata['sha256'])}  -\ntemporary=\n`,
  )
})
