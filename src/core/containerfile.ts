// What dvm must know of a Containerfile: its stages, and which line a build step came from. Not a builder: podman judges the rest.
import { DvmError } from './errors.ts'

export interface Instruction {
  /** Upper case, for example RUN. */
  readonly name: string
  /** Everything after it, continuations joined as podman prints them. */
  readonly value: string
  /** 1-based line on which it starts. */
  readonly line: number
}

/** Splits a Containerfile into instructions; comments and blank lines inside a continuation do not end it. */
export const parseContainerfile = (text: string): Instruction[] => {
  const found: Instruction[] = []
  let open: { name: string; value: string; line: number } | undefined
  let heredoc: string | undefined
  text.split(/\r?\n/).forEach((raw, index) => {
    if (heredoc !== undefined) {
      if (raw.trim() === heredoc) heredoc = undefined
      return
    }
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) return
    const continues = line.endsWith('\\')
    const body = continues ? line.slice(0, -1) : line
    if (open === undefined) {
      const match = /^(\S+)\s*(.*)$/s.exec(body)
      open = { name: (match?.[1] ?? '').toUpperCase(), value: match?.[2] ?? '', line: index + 1 }
    } else open.value += body
    if (continues) return
    heredoc = /<<-?\s*["']?(\w+)["']?/.exec(open.value)?.[1]
    found.push({ ...open, value: open.value.trim() })
    open = undefined
  })
  if (open !== undefined) found.push(open)
  return found
}

const isDvmBase = (image: string): boolean => /^(localhost\/)?dvm-base(:latest)?$/.test(image)

/**
 * Checks that the image which the Containerfile ends in is made FROM dvm-base, directly or through an earlier stage.
 * @throws DvmError `config`
 */
export const checkStartsFromDvmBase = (text: string, path: string): void => {
  const hint = 'make its last stage start with: FROM dvm-base'
  const aliases = new Set<string>()
  let last: { fits: boolean; image: string; line: number } | undefined
  for (const { name, value, line } of parseContainerfile(text)) {
    if (name !== 'FROM') continue
    const words = value.split(/\s+/).filter((word) => !word.startsWith('--'))
    const image = words[0] ?? ''
    const fits = isDvmBase(image) || aliases.has(image.toLowerCase())
    if (fits && words[1]?.toLowerCase() === 'as' && words[2] !== undefined)
      aliases.add(words[2].toLowerCase())
    last = { fits, image, line }
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

/** The line of the instruction that podman names in `STEP n/m: …` or in its error; undefined when it cannot be told. */
export const lineOfStep = (text: string, step: string): number | undefined => {
  const wanted = squeeze(step)
  return parseContainerfile(text).find(({ name, value }) => squeeze(`${name} ${value}`) === wanted)?.line
}
