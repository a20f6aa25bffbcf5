// The text of pins.json: read strictly, and edited without touching a byte more than a new digest needs. Apart from pins.ts, so that who has
// the pins does not load a parser.
import { LineCounter, isMap, isScalar, parseDocument } from 'yaml'
import { DvmError, messageOf } from './errors.ts'
import { isName } from './names.ts'
import type { Pin, Pins, Role } from './pin.ts'
import { roles } from './pin.ts'
import { isDigest, isTag, nameOf, parseReference } from './reference.ts'

const fields = ['reference', 'track', 'digest', 'resolved'] as const

const isDay = (text: string): boolean => {
  const time = Date.parse(`${text}T00:00:00Z`)
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
  )
}

const repositoryProblem = (text: string): string | undefined => {
  try {
    const reference = parseReference(text)
    if (reference.tag !== undefined || reference.digest !== undefined)
      return 'must name a repository only; the tag belongs in "track", the digest in "digest"'
    const bare = text.replace(/^https?:\/\//, '')
    return bare === nameOf(reference) ? undefined : `must be written whole: "${nameOf(reference)}"`
  } catch (error) {
    return messageOf(error)
  }
}

/** For each field, why a value cannot be right, or undefined. */
const problemOf: Record<(typeof fields)[number], (value: string) => string | undefined> = {
  reference: repositoryProblem,
  track: (value) => (isTag(value) ? undefined : `"${value}" cannot be a tag`),
  digest: (value) =>
    isDigest(value) ? undefined : `"${value}" is not a digest (sha256: and 64 hexadecimal digits)`,
  resolved: (value) => (isDay(value) ? undefined : `"${value}" is not a day (YYYY-MM-DD)`),
}

/**
 * Reads pins.json.
 * @throws DvmError `config` with every problem and its line, not only the first.
 */
export const parsePins = (text: string, file = 'pins.json'): Pins => {
  const lines = new LineCounter()
  const problems: string[] = []
  const pins: Pin[] = []
  // Parsed as YAML, of which JSON is a part, because that keeps the line of every value and refuses a key given twice.
  const document = parseDocument(text, { lineCounter: lines, schema: 'json', prettyErrors: false })
  const add = (offset: number | undefined, problem: string): void => {
    problems.push(`${file}:${offset === undefined ? 1 : lines.linePos(offset).line}: ${problem}`)
  }
  try {
    JSON.parse(text)
    for (const error of document.errors) add(error.pos[0], error.message)
  } catch (error) {
    problems.push(`${file}: not JSON: ${messageOf(error)}`)
  }
  const entriesOf = (node: unknown, where: string): { key: string; offset: number; value: unknown }[] => {
    if (!isMap(node)) {
      add(undefined, `${where} must be an object`)
      return []
    }
    return node.items.map(({ key, value }) => ({
      key: isScalar(key) ? String(key.value) : '',
      offset: isScalar(key) ? (key.range?.[0] ?? 0) : 0,
      value,
    }))
  }
  const readPin = (flavour: string, role: Role, offset: number, node: unknown): void => {
    const where = `${flavour} ${role}`
    const found = new Map<string, string>()
    for (const { key, offset, value } of entriesOf(node, where)) {
      const field = fields.find((name) => name === key)
      const content: unknown = isScalar(value) ? value.value : undefined
      if (field === undefined) add(offset, `${where}: unknown field "${key}" (known: ${fields.join(', ')})`)
      else if (typeof content !== 'string') add(offset, `${where}: "${key}" must be a string`)
      else {
        const problem = problemOf[field](content)
        if (problem !== undefined) add(offset, `${where}: ${key} ${problem}`)
      }
      if (field !== undefined) found.set(field, typeof content === 'string' ? content : '')
    }
    for (const field of isMap(node) ? fields : [])
      if (!found.has(field)) add(offset, `${where}: "${field}" is missing`)
    const value = (field: (typeof fields)[number]): string => found.get(field) ?? ''
    pins.push({
      flavour,
      role,
      reference: value('reference'),
      track: value('track'),
      digest: value('digest'),
      resolved: value('resolved'),
    })
  }
  if (problems.length === 0)
    for (const { key: flavour, offset, value } of entriesOf(document.contents, 'the file')) {
      if (!isName(flavour)) add(offset, `"${flavour}" cannot be a flavour's name`)
      for (const entry of entriesOf(value, flavour)) {
        const role = roles.find((name) => name === entry.key)
        if (role === undefined)
          add(entry.offset, `${flavour}: unknown role "${entry.key}" (known: ${roles.join(', ')})`)
        else readPin(flavour, role, entry.offset, entry.value)
      }
    }
  if (problems.length === 0) return pins
  const [first = '', ...rest] = problems
  throw new DvmError('config', rest.length === 0 ? first : `${file} has ${problems.length} problems`, {
    tail: rest.length === 0 ? [] : problems,
    hint: 'correct the file; "dvm pins update" writes digest and resolved',
  })
}

/**
 * The text of pins.json with a pin's digest and day replaced; every other byte stays.
 * @throws Error when the text does not hold the pin; parse it first.
 */
export const replacePin = (text: string, pin: Pin, digest: string, resolved: string): string => {
  const document = parseDocument(text, { schema: 'json' })
  const edits = Object.entries({ digest, resolved }).map(([field, value]) => {
    const node = document.getIn([pin.flavour, pin.role, field], true)
    if (!isScalar(node) || !node.range) throw new Error(`no ${field} of ${pin.flavour} ${pin.role}`)
    return { start: node.range[0], end: node.range[1], value: JSON.stringify(value) }
  })
  return edits
    .sort((a, b) => b.start - a.start)
    .reduce((result, { start, end, value }) => result.slice(0, start) + value + result.slice(end), text)
}
