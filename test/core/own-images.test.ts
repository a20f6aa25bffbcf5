// Which changes have an image of dvm's own built again.
import assert from 'node:assert/strict'
import test from 'node:test'
import { hashOwnImage, ownImages } from '../../src/core/own-images.ts'

const plumbing = {
  'plumbing/dvm-base.Containerfile': '644:1',
  'plumbing/files/etc/x': '644:2',
  'plumbing/rootfs/usr/lib/dvm/y': '755:3',
  'plumbing/bootstrap-image.sh': '755:4',
  'plumbing/disk-builder/Containerfile': '644:5',
  'plumbing/disk-builder/build-disk': '755:6',
}
const hashes = (
  files: Readonly<Record<string, string>>,
  bootc = 'bootc-id',
): [base: string, tool: string] => [
  hashOwnImage(ownImages.base, bootc, files),
  hashOwnImage(ownImages.diskBuilder, bootc, files),
]
const [base, tool] = hashes(plumbing)

for (const [path, changes] of [
  ['plumbing/dvm-base.Containerfile', [true, false]],
  ['plumbing/files/etc/x', [true, false]],
  ['plumbing/rootfs/usr/lib/dvm/y', [true, false]],
  // Its result is the bootc base, whose id counts.
  ['plumbing/bootstrap-image.sh', [false, false]],
  ['plumbing/disk-builder/Containerfile', [false, true]],
  ['plumbing/disk-builder/build-disk', [false, true]],
] as const)
  for (const [what, files] of [
    ['changed', { ...plumbing, [path]: '644:0' }],
    ['gone', Object.fromEntries(Object.entries(plumbing).filter(([name]) => name !== path))],
  ] as const)
    test(`${path} ${what}`, () => {
      const now = hashes(files)
      assert.deepEqual([now[0] !== base, now[1] !== tool], changes)
    })

test('another base changes both, the order of the files neither', () => {
  const now = hashes(plumbing, 'other-id')
  assert.deepEqual([now[0] !== base, now[1] !== tool], [true, true])
  assert.deepEqual(hashes(Object.fromEntries(Object.entries(plumbing).toReversed())), [base, tool])
})
