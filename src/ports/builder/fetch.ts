// A file of the builder on its way to the host. It travels compressed: a VM's network is slower than zstd, several times where the VM is
// emulated. What is written here is hashed on its way to the file, and compared with what the builder has.
import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createZstdDecompress } from 'node:zlib'
import { DvmError } from '../../core/errors.ts'
import type { Instance, Lima } from '../lima/index.ts'
import { guestFailure } from './errors.ts'

export interface Fetched {
  readonly bytes: number
  readonly localSha256: string
  readonly remoteSha256: string
}

const hour = 3_600_000

/**
 * @throws DvmError when the guest cannot send it, `integrity` for bytes that are no zstd frame (RFC 8878), and what the host's file
 * system says when it cannot be written.
 */
export const fetchFile = async (
  lima: Lima,
  instance: Instance,
  remote: string,
  local: string,
  onBytes: (bytes: number) => void,
): Promise<Fetched> => {
  await using file = await open(local, 'wx', 0o600)
  // Bigger ones are hardly quicker; those of 64 KiB, which Node would take, need twice as long for a disk.
  const unpacked = createZstdDecompress({ chunkSize: 256 * 1024 })
  // Level 1: even emulated it packs 50 MB/s, more than the network takes away.
  const send = ['sudo', 'zstd', '--quiet', '--stdout', '-1', '--threads=0', '--', remote]
  const sending = lima.stream(instance, { argv: send, timeoutMs: hour }, { to: unpacked })
  // Whoever never began to send does not end what is waited for here.
  sending.catch(() => unpacked.destroy())
  const summing = lima.run(instance, { argv: ['sudo', 'sha256sum', '--', remote], timeoutMs: hour })
  summing.catch(() => undefined)
  const [sent, stored] = await Promise.allSettled([sending, store(unpacked, file, onBytes)])
  // A file that cannot be written and bytes that are no frame make the sender fail as well; a sender that fails cuts the frame off.
  if (stored.status === 'rejected' && isOfFileSystem(stored.reason)) throw stored.reason
  if (stored.status === 'rejected' && isNoFrame(stored.reason)) throw altered(stored.reason)
  if (sent.status === 'rejected') throw sent.reason
  if (sent.value.exitCode !== 0) throw guestFailure('send the disk', sent.value)
  if (stored.status === 'rejected') throw altered(stored.reason)
  const sum = await summing
  if (sum.exitCode !== 0) throw guestFailure('hash the disk', sum)
  return { ...stored.value, remoteSha256: sum.stdout.split(' ')[0] ?? '' }
}

const isOfFileSystem = (error: unknown): boolean => error instanceof Error && 'syscall' in error

/** Node gives zstd's own names to what zstd found wrong, and another to an end that comes too early. */
const isNoFrame = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('ZSTD_error_')

const altered = (cause: unknown): DvmError =>
  new DvmError('integrity', 'the disk changed on its way from the builder: it cannot be unpacked', {
    hint: 'dvm base build (nothing was published; the old base stays in use)',
    cause,
  })

const store = async (
  from: Readable,
  file: FileHandle,
  onBytes: (bytes: number) => void,
): Promise<{ bytes: number; localSha256: string }> => {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of from as AsyncIterable<Buffer>) {
    hash.update(chunk)
    await file.writeFile(chunk)
    bytes += chunk.length
    onBytes(bytes)
  }
  return { bytes, localSha256: hash.digest('hex') }
}
