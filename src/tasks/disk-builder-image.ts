// The disk builder's own image: pulled by its pin and asked for its options, or made from the flavour's files. Needs only the bootc base,
// so all of it goes on while the other images are built.
import { ownDialect } from '../core/disk-builder.ts'
import { ownImages } from '../core/own-images.ts'
import { blameVariable } from './bootc-base.ts'
import { got, type BuildRun, type DiskBuilder } from './build-run.ts'
import { provideOwnImage } from './own-image.ts'

const silent = { progress: () => undefined, note: () => undefined }

/** Starts it; whoever assembles the disk waits for it. */
export const beginDiskBuilder = (run: BuildRun): void => {
  const making = run.plan.diskBuilder === undefined ? make(run) : pull(run, run.plan.diskBuilder)
  // A failure is told by the step that needs the image; until then nobody listens.
  making.catch(() => undefined)
  run.made.diskBuilder = making
}

const make = async (run: BuildRun): Promise<DiskBuilder> => {
  const id = await provideOwnImage(run, silent, ownImages.diskBuilder)
  return { image: id, id, dialect: ownDialect }
}

const pull = async ({ deps, log, made }: BuildRun, image: string): Promise<DiskBuilder> => {
  const builder = got(made.builder)
  try {
    const id = await deps.builder.pull(builder, image, (line) => log.line(line))
    return { image, id, dialect: await deps.builder.dialect(builder, image) }
  } catch (error) {
    throw deps.env.diskBuilder === undefined ? error : blameVariable(error, 'DVM_BISC_IMAGE')
  }
}
