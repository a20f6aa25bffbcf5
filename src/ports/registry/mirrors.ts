// A registry behind its mirrors: asked as podman asks, the mirrors first, and the registry itself when none of them can help.
import { DvmError } from '../../core/errors.ts'
import { mirrorsOf, type Mirror } from '../../core/mirrors.ts'
import type { ImageReference } from '../../core/reference.ts'
import type { Registry } from './index.ts'

export const withMirrors = (registry: Registry, mirrors: readonly Mirror[]): Registry => {
  /** The registry's own answer is the one that counts when all fail. A mirror whose bytes are wrong is no reason to look elsewhere. */
  const first = async <T>(
    reference: ImageReference,
    ask: (reference: ImageReference) => Promise<T>,
  ): Promise<T> => {
    for (const mirror of mirrorsOf(mirrors, reference))
      try {
        return await ask(mirror)
      } catch (error) {
        if (!(error instanceof DvmError) || (error.code !== 'network' && error.code !== 'not-found'))
          throw error
      }
    return ask(reference)
  }
  return {
    resolve: (reference) => first(reference, (each) => registry.resolve(each)),
    manifest: (reference) => first(reference, (each) => registry.manifest(each)),
    blob: (reference, digest) => first(reference, (each) => registry.blob(each, digest)),
    close: () => registry.close(),
  }
}
