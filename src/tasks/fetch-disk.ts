// The disk's way from the builder to the host: room checked first, both ends hashed, the header read before anyone trusts it.
import { readDiskImage, type DiskImage } from '../core/disk-image.ts'
import { DvmError, isErrno } from '../core/errors.ts'
import { sizeText } from '../core/sizes.ts'
import type { Instance } from '../ports/lima/index.ts'
import type { Deps } from './deps.ts'
import type { StepVoice } from './steps.ts'

export interface FetchedDisk {
  readonly bytes: number
  readonly virtualSize: number
  readonly sha256: string
}

const again = {
  hint: 'dvm base build --clean (with a fresh builder; nothing was published, the old base stays in use)',
}

const checkImage = (image: DiskImage | undefined): number => {
  if (image?.format !== 'qcow2')
    throw new DvmError('integrity', 'what arrived from the builder is not a qcow2 disk', again)
  if (image.hasBackingFile) throw new DvmError('integrity', 'the disk needs another file beneath it', again)
  if (image.virtualSize <= 0) throw new DvmError('integrity', 'the disk says that it is empty', again)
  return image.virtualSize
}

/** @throws DvmError `integrity` when the disk was altered or cut off on its way, `failed` when the host has no room. */
export const fetchDisk = async (
  deps: Deps,
  builder: Instance,
  remote: string,
  local: string,
  voice: StepVoice,
): Promise<FetchedDisk> => {
  const size = await deps.builder.size(builder, remote)
  const full = (free: number): DvmError =>
    new DvmError(
      'failed',
      `not enough space in ${deps.env.cacheDir}: ${sizeText(free)} free, the disk is ${sizeText(size)}`,
      {
        hint: 'free some space, or set DVM_CACHE_DIR to a roomier place; the old base stays in use',
      },
    )
  const free = await deps.store.freeBytes()
  if (free < size) throw full(free)
  let shown = -1
  try {
    const fetched = await deps.builder.fetch(builder, remote, local, (bytes) => {
      const percent = Math.floor((bytes / size) * 100)
      if (percent === shown) return
      shown = percent
      voice.progress(`${sizeText(bytes)} of ${sizeText(size)}`, percent)
    })
    if (fetched.bytes !== size || fetched.localSha256 !== fetched.remoteSha256)
      throw new DvmError(
        'integrity',
        `the disk changed on its way from the builder: ${fetched.bytes} of ${size} bytes, sha256 ${fetched.localSha256} here, ${fetched.remoteSha256} there`,
        { hint: 'dvm base build (nothing was published; the old base stays in use)' },
      )
    const virtualSize = checkImage(readDiskImage(await deps.files.head(local), fetched.bytes))
    return { bytes: fetched.bytes, virtualSize, sha256: fetched.localSha256 }
  } catch (error) {
    if (isErrno(error, 'ENOSPC', 'EDQUOT')) throw full(await deps.store.freeBytes())
    throw error
  }
}
