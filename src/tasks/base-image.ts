// What a new VM boots from: the current base, any disk that DVM_BASE_IMAGE names, or Lima's template when there is none.
import { readDiskImage } from '../core/disk-image.ts'
import { DvmError } from '../core/errors.ts'
import type { Deps } from './deps.ts'

export type BaseImage =
  | { readonly kind: 'template'; readonly template: string }
  | {
      readonly kind: 'disk'
      /** The real, immutable path: never a link that a later build moves. */
      readonly location: string
      /** Bytes */
      readonly virtualSize: number
      /** Undefined for a disk that dvm did not make. */
      readonly generation: string | undefined
    }

/** As in every dvm before there were base images. */
const fallbackTemplate = 'template:fedora'

/** @throws DvmError `integrity` when the file there is no disk, `config` when what is there is no file. */
export const findBaseImage = async (
  deps: Pick<Deps, 'env' | 'store' | 'files' | 'report'>,
): Promise<BaseImage> => {
  const path = deps.env.baseImage ?? (await deps.store.current())?.disk ?? deps.store.defaultImage
  const file = await deps.files.resolve(path)
  if (file === undefined) {
    if (deps.env.baseImage === undefined && (await deps.store.isLost()))
      throw new DvmError('integrity', `${path} leads to a disk that is gone`, { hint: 'dvm base build' })
    if (deps.env.baseImage !== undefined)
      deps.report.warn(`DVM_BASE_IMAGE: there is no ${path}; using ${fallbackTemplate}`)
    return { kind: 'template', template: fallbackTemplate }
  }
  const head = await deps.files.head(file.path)
  if (head === undefined)
    throw new DvmError('config', `${path} is not a file, so it is no disk image`, {
      hint: 'set DVM_BASE_IMAGE to the disk image itself',
    })
  const image = readDiskImage(head, file.size)
  if (image === undefined)
    throw new DvmError('integrity', `${path} is neither a qcow2 nor a raw disk that can boot`, {
      hint:
        deps.env.baseImage === undefined
          ? 'dvm base build --clean'
          : 'set DVM_BASE_IMAGE to a disk image, or unset it',
    })
  if (image.hasBackingFile)
    throw new DvmError(
      'integrity',
      `${path} needs another file beneath it, so no VM can be made from it alone`,
      {
        hint: `qemu-img convert -O qcow2 '${path}' standalone.qcow2`,
      },
    )
  const generation = await deps.store.generationOf(file.path)
  if (generation === undefined && (await deps.store.isCutOff(file.path)))
    throw new DvmError('integrity', `${file.path} does not have the size that it was built with`, {
      hint: 'dvm base build',
    })
  return { kind: 'disk', location: file.path, virtualSize: image.virtualSize, generation }
}
