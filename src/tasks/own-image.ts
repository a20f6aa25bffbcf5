// Images that dvm makes in the builder from files of its own: built when what they are made from has changed, found otherwise. Podman's
// layer cache would come to the same image, seconds later: emulated, it takes one for each line that it finds unchanged.
import { hashOwnImage, ownImageLabel, type OwnImage } from '../core/own-images.ts'
import { buildImage, got, type BuildRun } from './build-run.ts'
import type { StepVoice } from './steps.ts'

/** Builds the image on the bootc base, or finds the one that is there; resolves to its id. */
export const provideOwnImage = async (run: BuildRun, voice: StepVoice, image: OwnImage): Promise<string> => {
  const { deps, plan, options, made } = run
  const { containerfile, context, tag, tool } = image
  const bootc = got(made.bootc)
  const hash = hashOwnImage(image, bootc.id, plan.inputs.plumbing)
  if (tool || !options.noCache) {
    const there = await deps.builder.image(got(made.builder), tag)
    if (there?.labels[ownImageLabel] === hash) {
      voice.progress('unchanged')
      return there.id
    }
  }
  return buildImage(run, voice, {
    containerfile,
    context,
    tag,
    tool,
    buildArgs: { DVM_BOOTC_BASE: bootc.image },
    labels: { [ownImageLabel]: hash },
  })
}
