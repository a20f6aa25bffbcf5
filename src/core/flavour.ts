// The one table that knows flavours by name. Everything else about a flavour is files in templates/NAME and entries in pins.json.
import { DvmError } from './errors.ts'

export interface Flavour {
  readonly name: string
  /** Lima template of the builder VM when DVM_BUILDER_TEMPLATE is not set. */
  readonly builderTemplate: string
  /** Made from templates/NAME/disk-builder in the builder itself (`own`), or pulled by its pin (`pinned`). */
  readonly diskBuilder: 'own' | 'pinned'
  /** The distribution release to bootstrap from packages when no container registry can be reached. */
  readonly bootstrap: string | undefined
  /** How a person adds a package in a Containerfile of this flavour; for hints and scaffolds. */
  readonly packageCommand: string
}

const flavours: readonly Flavour[] = [
  {
    name: 'fedora',
    builderTemplate: 'template:fedora',
    diskBuilder: 'pinned',
    bootstrap: undefined,
    packageCommand: 'dnf5 install -y',
  },
  {
    name: 'debian',
    builderTemplate: 'template:debian-13',
    diskBuilder: 'own',
    bootstrap: 'trixie',
    packageCommand: 'apt-get install -y --no-install-recommends',
  },
]

export const flavourNames: readonly string[] = flavours.map((flavour) => flavour.name)

export const defaultFlavour = 'fedora'

/**
 * Looks a flavour up.
 * @throws DvmError `config` for an unknown one.
 */
export const flavourOf = (name: string): Flavour => {
  const found = flavours.find((flavour) => flavour.name === name)
  if (found !== undefined) return found
  throw new DvmError('config', `unknown flavour "${name}"`, {
    hint: `use one of: ${flavourNames.join(', ')}`,
  })
}
