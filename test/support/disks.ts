// Disk images by hand, byte for byte as the qcow2 specification has them.

interface Header {
  readonly virtualSize: number
  readonly version?: number
  readonly backing?: string
  readonly externalData?: boolean
}

/** The first cluster's beginning: enough for everyone who only reads the header. */
export const qcow2Header = ({ virtualSize, version = 3, backing, externalData = false }: Header): Buffer => {
  const bytes = Buffer.alloc(512)
  bytes.write('QFI\u00FB', 0, 'latin1')
  bytes.writeUInt32BE(version, 4)
  if (backing !== undefined) {
    bytes.writeBigUInt64BE(112n, 8)
    bytes.writeUInt32BE(backing.length, 16)
    bytes.write(backing, 112)
  }
  bytes.writeUInt32BE(16, 20)
  bytes.writeBigUInt64BE(BigInt(virtualSize), 24)
  if (externalData) bytes.writeBigUInt64BE(4n, 72)
  bytes.writeUInt32BE(4, 96)
  bytes.writeUInt32BE(version === 2 ? 72 : 112, 100)
  return bytes
}
