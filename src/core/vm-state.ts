// What dvm remembers of a VM: what it was made from, which its config files may have left since.

export interface VmState {
  /** The base generation it was created from; undefined = not from a generation. */
  readonly generation?: string
  /** The disk or template it was created from. */
  readonly baseImage?: string
  /** ISO 8601 */
  readonly createdAt?: string
  /** Hash of the dev-base in it. */
  readonly devBase?: string
  /** `host:guest`, what Lima was told to forward when it was created. */
  readonly ports?: readonly string[]
  /** Whom syncs have prepared it for: DVM_USER, and what that was before. An older dvm did not write it down. */
  readonly users?: readonly string[]
  /** What its configuration said at the last sync. */
  readonly config?: SyncedConfig
}

export interface SyncedConfig {
  readonly cpus: number
  /** GiB */
  readonly memory: number
  /** GiB */
  readonly disk: number
  /** `host:guest`; undefined when an older dvm wrote it. */
  readonly ports?: readonly string[]
  /** Of its files as they were then. Undefined when an older dvm wrote it: then nobody knows whether they have changed. */
  readonly stamp?: string
}

/** What a configuration says that a VM can drift from. */
export type WantedConfig = Required<Omit<SyncedConfig, 'stamp'>>

/** What a look at a configuration found that was edited after the last sync. */
export interface Evaluation {
  /** Another text whenever it could find something else. */
  readonly key: string
  readonly wanted?: WantedConfig
  /** What is wrong with it. */
  readonly problem?: string
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string')

/** The known fields that have the right type; undefined when it is no state at all. Unknown fields are left alone. */
export const parseVmState = (value: unknown): VmState | undefined => {
  if (!isRecord(value)) return undefined
  const text = <K extends string>(name: K): Partial<Record<K, string>> =>
    typeof value[name] === 'string' ? ({ [name]: value[name] } as Partial<Record<K, string>>) : {}
  const config = parseConfig(value['config'])
  return {
    ...text('generation'),
    ...text('baseImage'),
    ...text('createdAt'),
    ...text('devBase'),
    ...(isTexts(value['ports']) ? { ports: value['ports'] } : {}),
    ...(isTexts(value['users']) ? { users: value['users'] } : {}),
    ...(config === undefined ? {} : { config }),
  }
}

const parseConfig = (value: unknown): SyncedConfig | undefined => {
  if (!isRecord(value)) return undefined
  const { cpus, memory, disk, ports, stamp } = value
  if (typeof cpus !== 'number' || typeof memory !== 'number' || typeof disk !== 'number') return undefined
  return {
    cpus,
    memory,
    disk,
    ...(isTexts(ports) ? { ports } : {}),
    ...(typeof stamp === 'string' ? { stamp } : {}),
  }
}

/** Undefined for anything that is none. */
export const parseEvaluation = (value: unknown): Evaluation | undefined => {
  if (!isRecord(value)) return undefined
  const { key, problem } = value
  if (typeof key !== 'string') return undefined
  if (typeof problem === 'string') return { key, problem }
  const wanted = parseConfig(value['wanted'])
  if (wanted?.ports === undefined) return undefined
  const { cpus, memory, disk, ports } = wanted
  return { key, wanted: { cpus, memory, disk, ports } }
}
