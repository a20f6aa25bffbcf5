// What dvm must know of a Containerfile: its stages, and which line a build step came from. Not a builder: podman judges the rest.
import { heredocsOf, wordsOf, type Heredoc } from './containerfile-words.ts'
import { DvmError } from './errors.ts'

export interface Instruction {
  /** Upper case, for example RUN. */
  readonly name: string
  /** Everything after it, continuations joined as podman prints them. */
  readonly value: string
  /** 1-based line on which it starts. */
  readonly line: number
}

/** The escape character: a backslash unless a directive at the very top says that it is a backtick. */
const escapeOf = (lines: readonly string[]): string => {
  for (const line of lines) {
    const [, name, value] = /^#\s*([a-zA-Z]+)\s*=\s*(\S+)\s*$/.exec(line) ?? []
    if (name === undefined) break
    if (name.toLowerCase() === 'escape' && value === '`') return '`'
  }
  return '\\'
}

/** Splits a Containerfile into instructions; comments and blank lines inside a continuation do not end it. */
export const parseContainerfile = (text: string): Instruction[] => {
  const found: Instruction[] = []
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const escape = escapeOf(lines)
  let open: { name: string; value: string; line: number } | undefined
  let heredocs: Heredoc[] = []
  lines.forEach((raw, index) => {
    const [heredoc] = heredocs
    if (heredoc !== undefined) {
      if ((heredoc.tabs ? raw.replace(/^\t+/, '') : raw) === heredoc.word) heredocs = heredocs.slice(1)
      return
    }
    if (raw.trim() === '' || raw.trimStart().startsWith('#')) return
    const line = raw.trimEnd()
    const continues = line.endsWith(escape)
    const body = continues ? line.slice(0, -1) : line
    if (open === undefined) {
      const match = /^\s*(\S+)\s*(.*)$/s.exec(body)
      open = { name: (match?.[1] ?? '').toUpperCase(), value: match?.[2] ?? '', line: index + 1 }
    } else open.value += body
    if (continues) return
    heredocs = heredocsOf(open.name, open.value)
    found.push({ ...open, value: open.value.trim() })
    open = undefined
  })
  if (open !== undefined) found.push({ ...open, value: open.value.trim() })
  return found
}

const isDvmBase = (image: string): boolean => /^(localhost\/)?dvm-base(:latest)?$/.test(image)

/** The defaults of the ARG lines before the first FROM; dvm sets none of them from outside. */
const globalArguments = (instructions: readonly Instruction[]): ReadonlyMap<string, string> => {
  const values = new Map<string, string>()
  for (const { name, value } of instructions) {
    if (name === 'FROM') break
    for (const { text } of name === 'ARG' ? wordsOf(value) : []) {
      const [, variable, assigned] = /^(\w+)=(.*)$/s.exec(text) ?? []
      if (variable !== undefined) values.set(variable, expand(assigned ?? '', values))
    }
  }
  return values
}

/**
 * `$NAME`, `${NAME}` and those with a word for when it is unset (`:-`, `-`) or set (`:+`, `+`). What is unset is nothing, as it is for
 * builders; a form that they alone know stays as it is written.
 */
const expand = (text: string, values: ReadonlyMap<string, string>): string =>
  text.replaceAll(
    /\$(?:\{(\w+)(?:(:?)([-+])([^{}]*))?\}|(\w+))/g,
    (_, braced?: string, colon?: string, sign?: string, word = '', plain?: string) => {
      const value = values.get(braced ?? plain ?? '')
      if (sign === undefined) return value ?? ''
      const isSet = value !== undefined && (colon === '' || value !== '')
      if (sign === '-') return isSet ? value : word
      return isSet ? word : ''
    },
  )

/**
 * Checks that the image which the Containerfile ends in is made FROM dvm-base, directly or through an earlier stage.
 * @throws DvmError `config`
 */
export const checkStartsFromDvmBase = (text: string, path: string): void => {
  const hint = 'make its last stage start with: FROM dvm-base'
  const instructions = parseContainerfile(text)
  const values = globalArguments(instructions)
  /** Stage names in small letters, and whether the stage leads to dvm-base. */
  const stages = new Map<string, boolean>()
  let last: { fits: boolean; image: string; line: number } | undefined
  for (const { name, value, line } of instructions) {
    if (name !== 'FROM') continue
    const words = value.split(/\s+/).filter((word) => !word.startsWith('--'))
    const [written = ''] = words
    const image = expand(wordsOf(written)[0]?.text ?? written, values)
    // What cannot be known here is podman's to judge, and the check of the image finds what it lacks.
    const fits = stages.get(image.toLowerCase()) ?? (isDvmBase(image) || image.includes('${'))
    if (words[1]?.toLowerCase() === 'as' && words[2] !== undefined) stages.set(words[2].toLowerCase(), fits)
    last = { fits, image: written, line }
  }
  if (last === undefined) throw new DvmError('config', `${path} has no FROM line`, { hint })
  if (!last.fits)
    throw new DvmError(
      'config',
      `${path}:${last.line}: the image is made FROM ${last.image}, not FROM dvm-base`,
      { hint },
    )
}

const squeeze = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/**
 * The line of the instruction that podman names in `STEP n/m: …`; undefined when it cannot be told. Podman adds the start of
 * a here-document in brackets, and `AS name` comes in its own case.
 */
export const lineOfStep = (text: string, step: string): number | undefined => {
  const wanted = squeeze(step)
  return parseContainerfile(text).find(({ name, value }) => {
    const own = squeeze(`${name} ${value}`)
    const shown = squeeze(wanted.replace(/^\S+/, (word) => word.toUpperCase()))
    return own === shown || (heredocsOf(name, value).length > 0 && shown.startsWith(`${own} (`))
  })?.line
}
