// Output of a guest script that says several things: sections, each after a line `::dvm NAME [VALUE]`. Pure.

export interface Section {
  /** What follows the name on the marker's line. */
  readonly value: string
  readonly text: string
}

/** The sections by name; what comes before the first is left out (a login's greeting, for one). */
export const parseSections = (output: string): ReadonlyMap<string, Section> => {
  const sections = new Map<string, Section>()
  const [, ...parts] = output.split(/^::dvm /m)
  for (const part of parts) {
    const end = part.indexOf('\n')
    const head = (end === -1 ? part : part.slice(0, end)).trim()
    const [name = '', ...value] = head.split(' ')
    sections.set(name, { value: value.join(' '), text: end === -1 ? '' : part.slice(end + 1) })
  }
  return sections
}
