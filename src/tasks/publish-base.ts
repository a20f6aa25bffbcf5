// The one moment at which a build becomes visible.
import type { Generation } from '../core/generation.ts'
import type { Deps } from './deps.ts'
import type { StepVoice } from './steps.ts'

/** Makes a kept generation the current base; keeps `previous` beside it and removes older ones. */
export const publishBase = async (
  deps: Deps,
  generation: Generation,
  voice: Pick<StepVoice, 'note'>,
  previous?: Generation,
): Promise<Generation> => {
  const { baseImage } = deps.env
  if (baseImage !== undefined && baseImage !== deps.store.defaultImage) {
    const aside = await deps.store.linkAt(baseImage, generation)
    if (aside !== undefined) voice.note(`the disk that stood at ${baseImage} is now ${aside}`)
  }
  // Last, because it is what `base status` and every sync go by; until here a failure leaves the old base current.
  await deps.store.makeCurrent(generation)
  if (previous !== undefined) await deps.store.prune([generation, previous])
  return generation
}
