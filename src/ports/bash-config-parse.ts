// What templates/host/read-config.sh writes, as values. Pure.
import { DvmError } from '../core/errors.ts'
import type { RawValue, RawValues } from '../core/raw-values.ts'

export type Reading =
  | { readonly kind: 'complete'; readonly values: RawValues }
  | { readonly kind: 'syntax'; readonly file: string }
  /** The shell ended inside this file; undefined when it never began one. */
  | { readonly kind: 'stopped'; readonly file: string | undefined }

type Snapshot = Map<string, string | readonly string[]>

const isSame = (a: string | readonly string[] | undefined, b: string | readonly string[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

/**
 * Decodes the records `begin FILE`, `value NAME KIND COUNT ELEMENT...`, `end FILE`, `syntax FILE`. Each layer ends with all
 * variables as they are then, so the layer after which a value is new is the one that set it. What is still as in
 * `defaults` nobody has set.
 */
export const parseReading = (text: string, defaults: Readonly<Record<string, string>> = {}): Reading => {
  const words = text.split('\0')
  const values: Record<string, RawValue> = {}
  let file: string | undefined
  let now: Snapshot = new Map()
  let position = 0
  const next = (): string => words[position++] ?? ''
  while (position < words.length - 1) {
    const record = next()
    if (record === 'begin') {
      if (file !== undefined) return { kind: 'stopped', file }
      file = next()
      now = new Map()
    } else if (record === 'syntax') {
      return { kind: 'syntax', file: next() }
    } else if (record === 'value') {
      const name = next()
      const kind = next()
      const elements = Array.from({ length: Number(next()) }, next)
      now.set(name, /a/i.test(kind) ? elements : (elements[0] ?? ''))
    } else if (record === 'end' && file !== undefined && next() === file) {
      for (const name of Object.keys(values)) if (!now.has(name)) delete values[name]
      for (const [name, value] of now)
        if (!isSame(values[name]?.value ?? defaults[name], value)) values[name] = { value, file }
      file = undefined
      continue
    } else {
      break
    }
  }
  if (file !== undefined || words.length < 2) return { kind: 'stopped', file }
  return { kind: 'complete', values }
}

/** From bash's own words: `FILE: line 3: syntax error near …`. */
export const syntaxError = (file: string, lines: readonly string[]): DvmError => {
  const marked = lines
    .filter((line) => line.startsWith(`${file}: `))
    .map((line) => /^line (\d+): (.*)$/.exec(line.slice(file.length + 2)))
    .find((match) => match !== null)
  return new DvmError(
    'config',
    marked === null || marked === undefined
      ? `${file}: bash cannot parse it`
      : `${file}:${marked[1]}: ${marked[2]}`,
    { hint: `correct it, then check with: bash -n '${file}'` },
  )
}
