// What a build would do and why, from the host's files alone: no VM is asked.
import { join } from 'node:path'
import { changedInputs, hashInputs, inputsSchema, type BaseInputs } from '../core/base-inputs.ts'
import { chooseFlavour } from '../core/base-flavour.ts'
import { checkStartsFromDvmBase } from '../core/containerfile.ts'
import { DvmError } from '../core/errors.ts'
import type { Flavour } from '../core/flavour.ts'
import type { Generation } from '../core/generation.ts'
import { checkPackages } from '../core/package-list.ts'
import { checkPinned, pinnedReference, pinOf, type ImageSource } from '../core/pins.ts'
import type { Shipment } from '../ports/context.ts'
import { checkBaseFile } from './base-ownership.ts'
import type { Deps } from './deps.ts'

export interface BasePlan {
  readonly flavour: Flavour
  readonly generation: string
  readonly inputs: BaseInputs
  readonly containerfile: { readonly path: string; readonly text: string }
  readonly bootcBase: ImageSource
  /** True when the pin may be replaced by a bootstrap from packages, because nobody named another base. */
  readonly mayBootstrap: boolean
  /** Undefined: made in the builder from the flavour's own files. */
  readonly diskBuilder: string | undefined
  readonly secrets: readonly string[]
  readonly ignoreFile: string
  readonly current: Generation | undefined
  /** An equal generation that is kept already. */
  readonly equal: Generation | undefined
  /** What differs from the current generation; empty when nothing does. */
  readonly changes: readonly string[]
}

/** Throws DvmError `config` for a variable that names an image without a digest, and for a pin that is missing. */
export const bootcBaseOf = async (deps: Deps, flavour: Flavour): Promise<ImageSource> => {
  const { bootcBase } = deps.env
  if (bootcBase !== undefined)
    return checkPinned(bootcBase, 'DVM_BOOTC_BASE', { bootstrap: flavour.bootstrap })
  const pin = pinOf(await deps.assets.pins(), flavour.name, 'bootc-base')
  if (pin === undefined)
    throw new DvmError('config', `pins.json has no bootc-base for the flavour ${flavour.name}`)
  return { kind: 'image', reference: pinnedReference(pin) }
}

/** Undefined: made in the builder. Throws as `bootcBaseOf` does. */
export const diskBuilderOf = async (deps: Deps, flavour: Flavour): Promise<string | undefined> => {
  const { diskBuilder } = deps.env
  if (diskBuilder !== undefined) {
    const source = checkPinned(diskBuilder, 'DVM_BISC_IMAGE')
    return source.kind === 'image' ? source.reference : undefined
  }
  if (flavour.diskBuilder === 'own') return undefined
  const pin = pinOf(await deps.assets.pins(), flavour.name, 'disk-builder')
  if (pin === undefined)
    throw new DvmError('config', `pins.json has no disk-builder for the flavour ${flavour.name}`)
  return pinnedReference(pin)
}

/** The files of dvm's own that go into the builds, by the folder they come from and land in. */
const plumbingFolders = (flavour: Flavour): readonly { from: string; to: string }[] => [
  { from: flavour.name, to: 'plumbing' },
  { from: 'guest/rootfs', to: 'plumbing/rootfs' },
]

/** Only files that reach an image decide the result: not starters, not the builder's provisioning. */
const decides = (path: string): boolean =>
  !/(^|\/)(starter|dev)\.Containerfile$|(^|\/)builder\.sh$/.test(path)

export interface Plumbing {
  readonly folders: readonly Shipment[]
  /** Those that decide the result, path in the builder → hash. */
  readonly files: Readonly<Record<string, string>>
}

/** dvm's own files in the builds, as they are now. */
export const scanPlumbing = async (deps: Deps, flavour: Flavour): Promise<Plumbing> => {
  const scanned = await Promise.all(
    plumbingFolders(flavour).map(async ({ from, to }) => {
      const directory = deps.assets.path(from)
      return { from: directory, to, files: (await deps.context.scanFolder(directory)).files }
    }),
  )
  const hashes = scanned.flatMap(({ to, files }) =>
    Object.entries(files).map(([name, hash]): [string, string] => [`${to}/${name}`, hash]),
  )
  return {
    folders: scanned.map(({ from, to, files }) => ({ from, to, paths: Object.keys(files) })),
    files: Object.fromEntries(hashes.filter(([name]) => decides(name))),
  }
}

/** One list for the VM's image and the dev-base: where it is, if there is one. A dvm-packages.txt of one's own is taken as it is called. */
export const packagesIn = (shipped: readonly string[]): string | undefined =>
  ['dvm-packages.txt', 'packages.txt'].find((name) => shipped.includes(name))

/**
 * Reads the base directory and decides.
 * @throws DvmError `config` for a missing or unfit Containerfile, list of packages or pin, `refused` for unsafe owners or modes.
 */
export const planBase = async (deps: Deps): Promise<BasePlan> => {
  const { baseDir } = deps.env
  const path = join(baseDir, 'Containerfile')
  const text = await deps.files.text(path)
  if (text === undefined)
    throw new DvmError('config', `there is no Containerfile in ${baseDir}`, { hint: 'dvm base init' })
  await checkBaseFile(deps, path)
  checkStartsFromDvmBase(text, path)
  const flavour = chooseFlavour(deps.env.flavour, await deps.files.text(join(baseDir, 'flavour')))
  const [bootcBase, diskBuilder, scan, plumbing] = await Promise.all([
    bootcBaseOf(deps, flavour),
    diskBuilderOf(deps, flavour),
    deps.context.scanBase(baseDir),
    scanPlumbing(deps, flavour),
  ])
  const list = packagesIn(Object.keys(scan.files))
  if (list !== undefined) {
    await checkBaseFile(deps, join(baseDir, list))
    checkPackages((await deps.files.text(join(baseDir, list))) ?? '', join(baseDir, list))
  }
  const inputs: BaseInputs = {
    schema: inputsSchema,
    arch: deps.host.arch,
    flavour: flavour.name,
    bootcBase: bootcBase.kind === 'image' ? bootcBase.reference : `bootstrap:${bootcBase.release}`,
    diskBuilder: diskBuilder ?? 'own',
    rootfs: 'ext4',
    context: scan.files,
    plumbing: plumbing.files,
  }
  const generation = hashInputs(inputs)
  const [current, equal] = await Promise.all([deps.store.current(), deps.store.find(generation)])
  const changes = current === undefined ? [] : changedInputs(current.manifest.inputs, inputs)
  const mayBootstrap = deps.env.bootcBase === undefined && flavour.bootstrap !== undefined
  return {
    flavour,
    generation,
    inputs,
    containerfile: { path, text },
    bootcBase,
    mayBootstrap,
    diskBuilder,
    secrets: scan.secrets,
    ignoreFile: scan.ignoreFile,
    current,
    equal,
    changes,
  }
}
