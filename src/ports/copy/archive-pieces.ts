// Cuts a tar stream so that what says a long name comes in one piece. tar (7.5) turns each piece of it into text by itself, which
// breaks a letter of several bytes at the seam.

const block = 512

/** GNU's long names and links, and pax headers. */
const isExtension = (header: Buffer): boolean => 'LKxg'.includes(String.fromCharCode(header[156] ?? 0))

const sizeOf = (header: Buffer): number =>
  ((header[124] ?? 0) & 0x80) === 0
    ? Number.parseInt(header.toString('latin1', 124, 136), 8) || 0
    : Number(header.readBigUInt64BE(128))

/** Longer than any path; what claims to be is passed on as it comes. */
const longestName = 128 * 1024

/** Takes a chunk as it came; gives what may be handed on, which can be nothing. */
export const createArchivePieces = (): ((chunk: Buffer) => Buffer) => {
  let held: Buffer = Buffer.alloc(0)
  let body = 0
  return (chunk) => {
    const data = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    let at = 0
    for (;;) {
      const passed = Math.min(body, data.length - at)
      at += passed
      body -= passed
      const header = data.subarray(at, at + block)
      if (body > 0 || header.length < block) break
      const padded = Math.ceil(sizeOf(header) / block) * block
      if (isExtension(header) && padded <= longestName && data.length - at < block + padded) break
      at += block
      body = padded
    }
    held = data.subarray(at)
    return data.subarray(0, at)
  }
}
