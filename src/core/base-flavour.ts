// Which flavour a base directory is of.
import { defaultFlavour, flavourOf } from './flavour.ts'
import type { Flavour } from './flavour.ts'

/** The file in the base directory that records the choice of `base init`: one word. */
export const flavourFile = 'flavour'

/**
 * What was asked for (--flavour, DVM_FLAVOUR) goes before what the base directory records, and that before the default.
 * @throws DvmError `config` for an unknown flavour.
 */
export const chooseFlavour = (asked: string | undefined, recorded: string | undefined): Flavour => {
  const word = recorded?.trim()
  return flavourOf(asked ?? (word === undefined || word === '' ? defaultFlavour : word))
}
