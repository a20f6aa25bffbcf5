// A file of the builder on its way to the host: one stream, hashed on both ends, never a copy in memory.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Transform } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { Instance, Lima } from '../lima/index.ts'
import { guestFailure } from './errors.ts'

export interface Fetched {
  readonly bytes: number
  readonly localSha256: string
  readonly remoteSha256: string
}

const hour = 3_600_000

/** @throws DvmError when the guest cannot send it, and what the host's file system says when it cannot be written. */
export const fetchFile = async (
  lima: Lima,
  instance: Instance,
  remote: string,
  local: string,
  onBytes: (bytes: number) => void,
): Promise<Fetched> => {
  const hash = createHash('sha256')
  let bytes = 0
  const meter = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk)
      bytes += chunk.length
      onBytes(bytes)
      done(null, chunk)
    },
  })
  const file = createWriteStream(local, { mode: 0o600, flags: 'wx' })
  meter.pipe(file)
  meter.once('error', (error) => file.destroy(error))
  file.once('error', (error) => meter.destroy(error))
  const written = finished(file)
  written.catch(() => undefined)
  const [completed, sum] = await Promise.all([
    lima.stream(instance, { argv: ['sudo', 'cat', remote], timeoutMs: hour }, { to: meter }),
    lima.run(instance, { argv: ['sudo', 'sha256sum', remote], timeoutMs: hour }),
  ])
  if (file.errored !== null) throw file.errored
  if (completed.exitCode !== 0) throw guestFailure('send the disk', completed)
  await written
  if (sum.exitCode !== 0) throw guestFailure('hash the disk', sum)
  return { bytes, localSha256: hash.digest('hex'), remoteSha256: sum.stdout.split(' ')[0] ?? '' }
}
