// Two lines in the person's own ssh configuration: put in, found, taken out. Every other byte stays. Pure.

/** Says whose the next line is. */
const comment = '# From dvm, for ssh VM.dvm: dvm ssh-config --remove takes this line and the next out.'

interface Line {
  /** With its line ending, if it has one. */
  readonly raw: string
  /** Without it, and without blanks around. */
  readonly text: string
}

/** Bytes as characters of one byte each: whatever the file's encoding is, it comes back as it was. */
const linesOf = (config: Buffer): readonly Line[] =>
  [...config.toString('latin1').matchAll(/[^\n]*\n|[^\n]+$/g)].map(([raw]) => ({ raw, text: raw.trim() }))

const bytes = (text: string): string => Buffer.from(text).toString('latin1')

/** As dvm writes it for any state directory. Other programs' lines look different, should one have come to stand below our comment. */
const includeOfDvm = /^Include "\/.*\/ssh\/config"$/

/** Which lines are dvm's: the comment with the Include after it, and its Include alone, should somebody have put it there by hand. */
const isOurs = (lines: readonly Line[], include: string): readonly boolean[] => {
  const commented = (index: number): boolean =>
    lines[index]?.text === comment && includeOfDvm.test(lines[index + 1]?.text ?? '')
  return lines.map(({ text }, index) => text === bytes(include) || commented(index) || commented(index - 1))
}

const without = (lines: readonly Line[], ours: readonly boolean[]): string =>
  lines
    .filter((_, index) => ours[index] !== true)
    .map(({ raw }) => raw)
    .join('')

/**
 * The configuration with dvm's lines at its beginning: an Include further down would belong to the Host or Match above it. Unchanged
 * when a line `include` is there already and in force.
 */
export const addInclude = (config: Buffer, include: string): Buffer => {
  const lines = linesOf(config)
  const ours = isOurs(lines, include)
  const includes = lines.flatMap(({ text }, index) =>
    ours[index] === true && text !== comment ? [index] : [],
  )
  const scoped = lines.findIndex(({ text }) => /^(host|match)\b/i.test(text))
  const [at = -1] = includes
  if (includes.length === 1 && lines[at]?.text === bytes(include) && (scoped === -1 || at < scoped))
    return config
  const end = lines[0]?.raw.endsWith('\r\n') === true ? '\r\n' : '\n'
  return Buffer.from(bytes(`${comment}${end}${include}${end}`) + without(lines, ours), 'latin1')
}

/** The configuration without dvm's lines. */
export const removeInclude = (config: Buffer, include: string): Buffer => {
  const lines = linesOf(config)
  return Buffer.from(without(lines, isOurs(lines, include)), 'latin1')
}
