// What a look for unsaved git work found in a guest. Pure.

export interface Look {
  /** `PATH: what` */
  readonly found: readonly string[]
  /** What could not be looked into, and why. */
  readonly unseen: readonly string[]
  /** What goes and holds nothing of the kind. */
  readonly empty: readonly string[]
}

export const nothing: Look = { found: [], unseen: [], empty: [] }

export const together = (looks: readonly Look[]): Look => ({
  found: looks.flatMap(({ found }) => found),
  unseen: looks.flatMap(({ unseen }) => unseen),
  empty: looks.flatMap(({ empty }) => empty),
})

/** Pairs that end in NUL: what, path. Control characters of a path are shown, not obeyed. */
export const parseWork = (output: string): readonly string[] => {
  const words = output.split('\0').slice(0, -1)
  const found: string[] = []
  for (let index = 0; index + 1 < words.length; index += 2)
    found.push(`${shown(words[index + 1] ?? '')}: ${shown(words[index] ?? '')}`)
  return found
}

const shown = (text: string): string => {
  const quoted = JSON.stringify(text)
  return quoted === `"${text}"` ? text : quoted
}
