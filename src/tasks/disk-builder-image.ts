// The disk builder's own image: pulled by its pin, or made from the flavour's files, and asked for its options. Needs only the bootc
// base, so all of it goes on while the other images are built.
import { blameVariable } from './bootc-base.ts'
import { buildImage, got, type BuildRun, type DiskBuilder } from './build-run.ts'

const silent = { progress: () => undefined, note: () => undefined }

/** Starts it; whoever assembles the disk waits for it. */
export const beginDiskBuilder = (run: BuildRun): void => {
  const making = make(run)
  // A failure is told by the step that needs the image; until then nobody listens.
  making.catch(() => undefined)
  run.made.diskBuilder = making
}

const make = async (run: BuildRun): Promise<DiskBuilder> => {
  const { image, id } = await provide(run)
  return { image, id, dialect: await run.deps.builder.dialect(got(run.made.builder), image) }
}

const provide = async (run: BuildRun): Promise<Omit<DiskBuilder, 'dialect'>> => {
  const { deps, plan, log, made } = run
  if (plan.diskBuilder !== undefined) {
    try {
      const id = await deps.builder.pull(got(made.builder), plan.diskBuilder, (line) => log.line(line))
      return { image: plan.diskBuilder, id }
    } catch (error) {
      throw deps.env.diskBuilder === undefined ? error : blameVariable(error, 'DVM_BISC_IMAGE')
    }
  }
  const id = await buildImage(run, silent, {
    containerfile: 'plumbing/disk-builder/Containerfile',
    context: 'plumbing/disk-builder',
    tag: 'localhost/dvm-disk-builder:latest',
    buildArgs: { DVM_BOOTC_BASE: got(made.bootc).image },
    tool: true,
  })
  return { image: id, id }
}
