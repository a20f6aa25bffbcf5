// The first bytes of a disk: enough to tell qcow2 from raw and to know the size that a VM will see.
// Source: the qcow2 specification (QEMU docs/interop/qcow2), header fields magic, version, backing_file_offset, size, incompatible_features.

export interface DiskImage {
  readonly format: 'qcow2' | 'raw'
  /** Bytes that the guest sees; for raw the file's own size. */
  readonly virtualSize: number
  /** True when it needs another file beneath it; such a disk cannot travel alone. */
  readonly hasBackingFile: boolean
}

/** How much of the file `readDiskImage` needs. */
export const diskHeaderBytes = 512

/** Reads a header. Undefined when it is neither qcow2 nor something that can be a raw disk (whole sectors, a boot signature). */
export const readDiskImage = (header: Uint8Array | undefined, fileSize: number): DiskImage | undefined => {
  if (header === undefined) return undefined
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  if (header.byteLength >= 32 && view.getUint32(0) === 0x514649fb) {
    const version = view.getUint32(4)
    if (version !== 2 && version !== 3) return undefined
    return {
      format: 'qcow2',
      virtualSize: Number(view.getBigUint64(24)),
      hasBackingFile: view.getBigUint64(8) !== 0n || (version === 3 && hasExternalData(view)),
    }
  }
  const bootable = header.byteLength >= 512 && view.getUint16(510) === 0x55aa
  if (!bootable || fileSize % 512 !== 0) return undefined
  return { format: 'raw', virtualSize: fileSize, hasBackingFile: false }
}

/** Bit 2 of version 3's incompatible features: the contents are in another file. */
const hasExternalData = (view: DataView): boolean =>
  view.byteLength >= 80 && (view.getBigUint64(72) & 4n) !== 0n
