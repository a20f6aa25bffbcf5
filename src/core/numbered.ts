// Characters that cannot be seen, or that command a terminal, told by their numbers.

/** The same text with what the pattern finds as `\uNNNN`, a unit of UTF-16 each, which JSON takes as well. */
export const numbered = (text: string, pattern: RegExp): string =>
  text.replaceAll(pattern, (found) =>
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
