// The command line of dvm's own disk builder, with a real bash: what bootc-image-builder refuses it refuses too, with the same exit
// status and words, before it looks at where it runs.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import test, { type TestContext } from 'node:test'
import { temporaryDirectory } from '../support/temporary.ts'

const script = resolve(import.meta.dirname, '../../templates/debian/disk-builder/build-disk')

const run = (t: TestContext, args: readonly string[]) => {
  const cwd = temporaryDirectory(t)
  // No PATH: whatever it would start beyond bash's own words would be told.
  const { status, stdout, stderr } = spawnSync('/bin/bash', [script, ...args], {
    cwd,
    encoding: 'utf8',
    env: { PATH: cwd, DVM_REPART_DIR: cwd },
  })
  assert.equal(existsSync(join(cwd, 'output')), false)
  return { status, stdout, stderr }
}

const image = 'localhost/dvm-target:latest'
const refused: readonly [readonly string[], string][] = [
  [['--frobnicate', image], 'unknown flag: --frobnicate'],
  [['--frobnicate=1', image], 'unknown flag: --frobnicate'],
  [['build', '--tpye', 'qcow2', image], 'unknown flag: --tpye'],
  [['-x', image], "unknown shorthand flag: 'x' in -x"],
  [['-xyz', image], "unknown shorthand flag: 'x' in -xyz"],
  [['--rootfs', 'xfs', image], 'unsupported root filesystem type "xfs", valid types are ext4'],
  [['--rootfs=btrfs', image], 'unsupported root filesystem type "btrfs", valid types are ext4'],
  [['--type', 'vmdk', image], 'unsupported image type "vmdk", valid types are qcow2, raw'],
  [['--type', 'qcow2', '--type', 'iso', image], 'unsupported image type "iso", valid types are qcow2, raw'],
  [['--progress', 'fancy', image], 'unknown progress type: "fancy"'],
  [['--log-level', 'loud', image], 'cannot parse log level "loud"'],
  [['--chown', 'me', image], 'cannot parse UID:GID from "me"'],
  [[image, 'localhost/other:latest'], 'accepts 1 arg(s), received 2'],
  [['build', image, 'localhost/other:latest'], 'accepts 1 arg(s), received 2'],
  [['--', image, '--type'], 'accepts 1 arg(s), received 2'],
  [[], 'accepts 1 arg(s), received 0'],
  [['build'], 'accepts 1 arg(s), received 0'],
  [['--type', 'qcow2'], 'accepts 1 arg(s), received 0'],
  [[image, '--type'], 'flag needs an argument: --type'],
  [[image, '--rootfs'], 'flag needs an argument: --rootfs'],
  [[image, '--output'], 'flag needs an argument: --output'],
  [['manifest', image], 'cannot show a manifest: this disk builder makes none'],
]
for (const [args, words] of refused)
  test(`${args.join(' ') || 'nothing'}: refused`, (t) =>
    assert.deepEqual(run(t, args), { status: 1, stdout: '', stderr: `error: ${words}\n` }))

for (const args of [['version'], ['--progress', 'debug', 'version']])
  test(`${args.join(' ')} is no failure`, (t) => {
    const { status, stdout, stderr } = run(t, args)
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, /^build_revision: dvm-disk-builder-\d+\nbuild_tainted: false\n$/)
  })

for (const args of [
  ['--help'],
  ['-h'],
  ['help'],
  ['build', '--help'],
  ['--type', 'raw', image, '-v', '--help'],
])
  test(`${args.join(' ')} shows the options, and is no failure`, () => {
    // The text comes from cat.
    const { status, stdout, stderr } = spawnSync('/bin/bash', [script, ...args], { encoding: 'utf8' })
    assert.deepEqual([status, stderr], [0, ''])
    for (const option of ['--type', '--rootfs', '--output', '--progress', '--chown'])
      assert.ok(stdout.includes(`\n      ${option} `), option)
  })
