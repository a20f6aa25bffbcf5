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

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string')

/** The known fields that have the right type; undefined when it is no state at all. Unknown fields are left alone. */
export const parseVmState = (value: unknown): VmState | undefined => {
  if (!isRecord(value)) return undefined
  const text = <K extends string>(name: K): Partial<Record<K, string>> =>
    typeof value[name] === 'string' ? ({ [name]: value[name] } as Partial<Record<K, string>>) : {}
  const config = isRecord(value['config']) ? value['config'] : {}
  const { cpus, memory, disk, ports, stamp } = config
  return {
    ...text('generation'),
    ...text('baseImage'),
    ...text('createdAt'),
    ...text('devBase'),
    ...(isTexts(value['ports']) ? { ports: value['ports'] } : {}),
    ...(typeof cpus === 'number' && typeof memory === 'number' && typeof disk === 'number'
      ? {
          config: {
            cpus,
            memory,
            disk,
            ...(isTexts(ports) ? { ports } : {}),
            ...(typeof stamp === 'string' ? { stamp } : {}),
          },
        }
      : {}),
  }
}
