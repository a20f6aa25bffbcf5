// Takes values out of what configuration files said, and collects what is wrong with them instead of stopping at the first.
import { DvmError } from './errors.ts'
import type { RawValues } from './raw-values.ts'

/** A value as one short line, whatever is in it. */
export const show = (value: string): string =>
  JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)

export class Problems {
  readonly #raw: RawValues
  readonly #found: string[] = []

  constructor(raw: RawValues) {
    this.#raw = raw
  }

  /** Notes a problem with a variable, with the file that set it last. */
  add(name: string, problem: string): void {
    const file = this.#raw[name]?.file
    this.#found.push(`${file === undefined ? '' : `${file}: `}${name} ${problem}`)
  }

  /** A variable that is one text; undefined when nothing, or an empty text, has been set. */
  text(name: string): string | undefined {
    const value = this.#raw[name]?.value
    if (typeof value === 'string') return value === '' ? undefined : value
    if (value !== undefined && value.length > 0) this.add(name, 'must be one value, not an array')
    return undefined
  }

  /** A variable that is an array; one text counts as the words in it. */
  list(name: string): readonly string[] {
    const value = this.#raw[name]?.value ?? []
    return typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '') : value
  }

  /** @throws DvmError `config` with every problem noted. */
  throwIfAny(): void {
    const [first, ...others] = this.#found
    if (first === undefined) return
    throw new DvmError(
      'config',
      others.length === 0
        ? first
        : `the configuration has ${this.#found.length} problems\n${this.#found.map((line) => `  ${line}`).join('\n')}`,
      { hint: 'correct that, then: dvm doctor' },
    )
  }
}
