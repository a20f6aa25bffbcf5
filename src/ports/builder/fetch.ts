// A file of the builder on its way to the host. ssh writes into the open file itself; what has arrived is read back and hashed while it
// grows: no byte passes through a stream of JavaScript, and what is hashed is what was stored.
import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { tryToWrite } from '../../system/files.ts'
import type { Instance, Lima } from '../lima/index.ts'
import { guestFailure } from './errors.ts'

export interface Fetched {
  readonly bytes: number
  readonly localSha256: string
  readonly remoteSha256: string
}

const hour = 3_600_000
const mebibyte = 1024 * 1024

/** @throws DvmError when the guest cannot send it, and what the host's file system says when it cannot be written. */
export const fetchFile = async (
  lima: Lima,
  instance: Instance,
  remote: string,
  local: string,
  onBytes: (bytes: number) => void,
): Promise<Fetched> => {
  await using file = await open(local, 'wx+', 0o600)
  const cat = { argv: ['sudo', 'cat', remote], timeoutMs: hour }
  let whole = false
  try {
    const sending = lima.stream(instance, cat, { toFile: file.fd })
    const [completed, sum, { bytes, sha256 }] = await Promise.all([
      sending,
      lima.run(instance, { argv: ['sudo', 'sha256sum', remote], timeoutMs: hour }),
      hashWhile(sending, file, onBytes),
    ])
    if (completed.exitCode !== 0) throw guestFailure('send the disk', completed)
    if (sum.exitCode !== 0) throw guestFailure('hash the disk', sum)
    const remoteSha256 = sum.stdout.split(' ')[0] ?? ''
    whole = sha256 === remoteSha256
    return { bytes, localSha256: sha256, remoteSha256 }
  } finally {
    // ssh does not say that it could not write: then that is the reason, whatever else went wrong.
    if (!whole) await tryToWrite(file)
  }
}

/** Hashes a file that grows until `writing` is over. */
const hashWhile = async (
  writing: Promise<unknown>,
  file: FileHandle,
  onBytes: (bytes: number) => void,
): Promise<{ bytes: number; sha256: string }> => {
  let over = false
  const end = (): void => void (over = true)
  writing.then(end, end)
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(mebibyte)
  let bytes = 0
  for (;;) {
    // Before the read: what was written until the end is then seen.
    const last = over
    const { bytesRead } = await file.read(buffer, 0, buffer.length, bytes)
    if (bytesRead > 0) {
      hash.update(buffer.subarray(0, bytesRead))
      bytes += bytesRead
      onBytes(bytes)
    } else if (last) return { bytes, sha256: hash.digest('hex') }
    if (bytesRead < buffer.length) await Promise.race([sleep(100), writing.catch(() => undefined)])
  }
}
