import assert from 'node:assert/strict'
import test from 'node:test'
import { diskHeaderBytes, readDiskImage } from '../../src/core/disk-image.ts'
import { gib } from '../../src/core/sizes.ts'
import { qcow2Header } from '../support/disks.ts'

const read = (header: Uint8Array, size = 200_000) => readDiskImage(header, size)
const disk = (virtualSize: number, hasBackingFile = false) => ({
  format: 'qcow2',
  virtualSize,
  hasBackingFile,
})

test('reads the virtual size of qcow2, both versions', () => {
  assert.deepEqual(read(qcow2Header({ virtualSize: 10 * gib })), disk(10 * gib))
  assert.deepEqual(read(qcow2Header({ version: 2, virtualSize: 6 * gib })), disk(6 * gib))
  assert.deepEqual(read(qcow2Header({ virtualSize: 2 ** 45 + 512 })), disk(2 ** 45 + 512))
})

test('notices that a disk needs another file', () => {
  assert.deepEqual(read(qcow2Header({ virtualSize: gib, backing: '/base.img' })), disk(gib, true))
  assert.deepEqual(read(qcow2Header({ version: 2, virtualSize: gib, backing: 'x' })), disk(gib, true))
  assert.deepEqual(read(qcow2Header({ virtualSize: gib, externalData: true })), disk(gib, true))
  // In version 2 those bytes are the first of the L1 table, or nothing.
  assert.deepEqual(read(qcow2Header({ version: 2, virtualSize: gib, externalData: true })), disk(gib))
})

test('reads a part of a larger buffer', () => {
  const whole = Buffer.concat([Buffer.alloc(7, 255), qcow2Header({ virtualSize: gib })])
  assert.deepEqual(read(whole.subarray(7)), disk(gib))
})

test('a header that is cut off or of another version is no disk', () => {
  const header = qcow2Header({ virtualSize: gib })
  assert.equal(read(header.subarray(0, 31), 31), undefined)
  assert.equal(read(new Uint8Array(), 0), undefined)
  for (const version of [0, 1, 4]) assert.equal(read(qcow2Header({ version, virtualSize: gib })), undefined)
})

test('raw disks are whole sectors with a boot signature, and as large as their file', () => {
  const sector = Buffer.alloc(diskHeaderBytes)
  assert.equal(read(sector, 1024), undefined)
  sector.writeUInt16BE(0x55aa, 510)
  assert.deepEqual(read(sector, 4096), { format: 'raw', virtualSize: 4096, hasBackingFile: false })
  assert.equal(read(sector, 4097), undefined)
  assert.equal(read(sector.subarray(0, 511), 511), undefined)
  assert.equal(read(Buffer.from('<html>404</html>'.padEnd(512)), 512), undefined)
})
