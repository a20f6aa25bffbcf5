// Everything that decides what a base will be, as data; its hash names the generation. No I/O: callers hand in file hashes.
import { createHash } from 'node:crypto'

/** Raised when dvm makes a different disk from the same inputs, so that old generations do not count as equal. */
export const inputsSchema = 1

export interface BaseInputs {
  readonly schema: number
  /** x86_64 or aarch64 */
  readonly arch: string
  readonly flavour: string
  /** Reference that dvm-base starts FROM. */
  readonly bootcBase: string
  /** Reference of the disk builder, or `own` when the flavour makes it in the builder (its files are in `plumbing`). */
  readonly diskBuilder: string
  readonly rootfs: string
  /** Context path → `mode:sha256` (or `link:target`). */
  readonly context: Readonly<Record<string, string>>
  /** dvm's own files in the builds, path → sha256. */
  readonly plumbing: Readonly<Record<string, string>>
}

const sorted = (record: Readonly<Record<string, string>>): [string, string][] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))

/** SHA-256 (hex) over all inputs, independent of the order in which they were found. */
export const hashInputs = (inputs: BaseInputs): string => {
  const { schema, arch, flavour, bootcBase, diskBuilder, rootfs, context, plumbing } = inputs
  const canonical = [schema, arch, flavour, bootcBase, diskBuilder, rootfs, sorted(context), sorted(plumbing)]
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex')
}

/** Paths whose content, mode or presence differ. */
export const changedFiles = (
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] => [
  ...Object.keys(after)
    .filter((path) => before[path] !== after[path])
    .map((path) => (path in before ? path : `${path} (new)`)),
  ...Object.keys(before)
    .filter((path) => !(path in after))
    .map((path) => `${path} (removed)`),
]

/** Which inputs changed, in a person's words, the user's own files first. Empty when nothing did. */
export const changedInputs = (before: BaseInputs, after: BaseInputs): string[] => {
  const plumbing = changedFiles(before.plumbing, after.plumbing)
  const named = (name: string, key: 'arch' | 'flavour' | 'rootfs'): string[] =>
    before[key] === after[key] ? [] : [`${name} (${before[key]} → ${after[key]})`]
  return [
    ...changedFiles(before.context, after.context).sort(),
    ...named('flavour', 'flavour'),
    ...named('architecture', 'arch'),
    ...(before.bootcBase === after.bootcBase ? [] : ['the bootc base']),
    ...(before.diskBuilder === after.diskBuilder ? [] : ['the disk builder']),
    ...named('root file system', 'rootfs'),
    ...(plumbing.length > 0 || before.schema !== after.schema ? ["dvm's own plumbing"] : []),
  ]
}
