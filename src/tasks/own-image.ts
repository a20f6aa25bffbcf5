// Images that dvm makes in the builder from files of its own: built when what they are made from has changed, found otherwise. Podman's
// layer cache would come to the same image, seconds later: emulated, it takes one for each line that it finds unchanged.
import { createHash } from 'node:crypto'
import { buildImage, got, type BuildRun, type ImageBuild } from './build-run.ts'
import type { StepVoice } from './steps.ts'

/** The label with the hash of what the image was made from. What is built from it inherits the label, under another name. */
const label = 'dvm.inputs'

export interface OwnImage extends Pick<ImageBuild, 'tag' | 'context' | 'tool'> {
  readonly containerfile: string
  /** Which of dvm's files are in it, by their paths below the work directory. */
  readonly isPart: (path: string) => boolean
}

/** Builds the image on the bootc base, or finds the one that is there; resolves to its id. */
export const provideOwnImage = async (run: BuildRun, voice: StepVoice, own: OwnImage): Promise<string> => {
  const { deps, plan, options, made } = run
  const { containerfile, context, tag, tool = false, isPart } = own
  const { id, image } = got(made.bootc)
  const files = Object.entries(plan.inputs.plumbing)
    .filter(([path]) => isPart(path))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const hash = createHash('sha256')
    .update(JSON.stringify([plan.inputs.schema, id, files]))
    .digest('hex')
  if (tool || !options.noCache) {
    const there = await deps.builder.image(got(made.builder), tag)
    if (there?.labels[label] === hash) {
      voice.progress('unchanged')
      return there.id
    }
  }
  return buildImage(run, voice, {
    containerfile,
    context,
    tag,
    tool,
    buildArgs: { DVM_BOOTC_BASE: image },
    labels: { [label]: hash },
  })
}
