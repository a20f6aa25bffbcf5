// What a configuration file said, before anything has checked it.

/** One variable as a layer left it. */
export interface RawValue {
  /** Text, or the elements of a bash array. */
  readonly value: string | readonly string[]
  /** The file that set it last. */
  readonly file: string
}

/** Variables by name; one that no file has set is not in it. */
export type RawValues = Readonly<Record<string, RawValue>>
