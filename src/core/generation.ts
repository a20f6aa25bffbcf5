// What is recorded beside a generation's disk.
import type { BaseInputs } from './base-inputs.ts'

export interface Metadata {
  readonly schema: 1
  /** The input hash, which is also the generation's name. */
  readonly generation: string
  /** ISO 8601 */
  readonly builtAt: string
  readonly arch: string
  readonly flavour: string
  /** The reference that dvm-base was made FROM, and the id of the image that it was. */
  readonly bootcBase: string
  readonly bootcBaseId: string
  readonly diskBuilder: string
  readonly diskBuilderId: string
  readonly dvmVersion: string
  /** Bytes of the file, and bytes that a VM sees. */
  readonly diskSize: number
  readonly virtualSize: number
  readonly sha256: string
  readonly bootTest: 'passed' | 'skipped'
}

/** The whole record of a build, for looking up why two generations differ. */
export interface Manifest {
  readonly inputs: BaseInputs
  readonly tools: Readonly<Record<string, string>>
}

export interface Generation {
  readonly metadata: Metadata
  readonly manifest: Manifest
  /** The disk's own, immutable path: what a VM's `location` is. */
  readonly disk: string
}

/**
 * Made from packages in the place of a pin, because no registry answered. Its inputs are those of the pin, so nothing of them ever says
 * that another build would give something else now.
 */
export const isStandIn = ({ metadata, manifest }: Generation): boolean =>
  metadata.bootcBase.startsWith('bootstrap:') && !manifest.inputs.bootcBase.startsWith('bootstrap:')

export const standInAdvice = 'the registry did not answer; to ask it again: dvm base build --no-cache'

/** A generation's name as people see it. */
export const shortName = (generation: string): string => generation.slice(0, 12)

const isText = (value: unknown): value is string => typeof value === 'string'

const parseRecord = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Decodes manifest.json; undefined when it is not dvm's. */
export const parseManifest = (text: string): Manifest | undefined => {
  const { inputs, tools } = parseRecord(text) ?? {}
  if (typeof inputs !== 'object' || inputs === null || typeof tools !== 'object' || tools === null)
    return undefined
  const { context, plumbing } = inputs as Partial<Record<string, unknown>>
  return typeof context === 'object' && context !== null && typeof plumbing === 'object' && plumbing !== null
    ? ({ inputs, tools } as Manifest)
    : undefined
}

/** Decodes metadata.json; undefined when it is not dvm's. */
export const parseMetadata = (text: string): Metadata | undefined => {
  const value = parseRecord(text)
  if (value === undefined) return undefined
  const record = value as Partial<Record<keyof Metadata, unknown>>
  const texts = [
    record.generation,
    record.builtAt,
    record.arch,
    record.flavour,
    record.sha256,
    record.bootcBase,
  ]
  if (record.schema !== 1 || !texts.every(isText) || typeof record.diskSize !== 'number') return undefined
  return value as unknown as Metadata
}
