// Which command line a disk builder image speaks, told from its own `build --help`, never from its name.
import { DvmError } from './errors.ts'

export interface DiskBuilderDialect {
  /** `standalone`: the original repository's; `merged`: the one inside image-builder, which can fix its random ids. */
  readonly generation: 'standalone' | 'merged'
  /** Options beyond type and root file system; `seed` (not 0) fixes random ids where the tool can do that. */
  readonly options: (seed: number) => readonly string[]
}

/** Of dvm's own, which is not asked: `build --help` would say this. */
export const ownDialect: DiskBuilderDialect = {
  generation: 'standalone',
  options: () => ['--progress', 'debug'],
}

/**
 * Reads the help text of a disk builder.
 * @throws DvmError `config` when it does not take what dvm must give it.
 */
export const dialectOf = (help: string, image: string): DiskBuilderDialect => {
  const missing = ['--type', '--rootfs', '--progress'].filter((option) => !help.includes(option))
  if (missing.length > 0)
    throw new DvmError('config', `the disk builder ${image} does not know ${missing.join(', ')}`, {
      hint: 'set DVM_BISC_IMAGE to a bootc-image-builder, pinned by digest',
    })
  // Only the merged one has --seed; it makes two builds of one image differ in nothing random.
  const merged = /--seed\b/.test(help)
  return {
    generation: merged ? 'merged' : 'standalone',
    options: (seed) => ['--progress', 'debug', ...(merged ? ['--seed', String(seed)] : [])],
  }
}
