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

/** A generation's name as people see it. */
export const shortName = (generation: string): string => generation.slice(0, 12)

const isText = (value: unknown): value is string => typeof value === 'string'

/** Decodes metadata.json; undefined when it is not dvm's. */
export const parseMetadata = (text: string): Metadata | undefined => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
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
  return value as Metadata
}
