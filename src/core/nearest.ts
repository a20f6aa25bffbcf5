// The existing name that a mistyped one was probably meant to be. commander has the same for commands, but does not export it.

/** Edits from one word to the other: letters added, dropped, replaced, or two neighbours swapped (the commonest slip of all). */
const distance = (from: string, to: string): number => {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity
  for (let row = 1; row <= from.length; row += 1) {
    rows.push([row])
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1]
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const edits = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (same ? 0 : 1),
        swapped ? at(row - 2, column - 2) + 1 : Infinity,
      )
      rows[row]?.push(edits)
    }
  }
  return at(from.length, to.length)
}

/** In a short name every letter tells; a longer one may be off by two. */
const tolerance = (length: number): number => (length < 2 ? 0 : length < 6 ? 1 : 2)

/** The nearest of these names, the first of equals; undefined when none is close enough to be meant. */
export const nearestName = (word: string, names: readonly string[]): string | undefined => {
  let best: { readonly name: string; readonly edits: number } | undefined
  for (const name of names) {
    const allowed = tolerance(Math.max(word.length, name.length))
    // Before anything is computed: what was typed may be of any length.
    if (name === word || Math.abs(word.length - name.length) > allowed) continue
    const edits = distance(word, name)
    if (edits <= allowed && (best === undefined || edits < best.edits)) best = { name, edits }
  }
  return best?.name
}
