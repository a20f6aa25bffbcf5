// The one moment at which a build becomes visible.
import type { Generation } from '../core/generation.ts'
import type { Deps } from './deps.ts'
import type { StepVoice } from './steps.ts'

/** Makes a kept generation the current base; keeps `previous` beside it and removes older ones. */
export const publishBase = async (
  deps: Deps,
  generation: Generation,
  previous?: Generation,
  voice?: StepVoice,
): Promise<Generation> => {
  await deps.store.makeCurrent(generation)
  const { baseImage } = deps.env
  if (baseImage !== undefined && baseImage !== deps.store.defaultImage) {
    const aside = await deps.store.linkAt(baseImage, generation)
    if (aside !== undefined) voice?.note(`the disk that stood at ${baseImage} is now ${aside}`)
  }
  if (previous !== undefined) await deps.store.prune([generation, previous])
  return generation
}
