// Words of an instruction as builders split them, which is not quite as a shell does: nothing but blanks, quotes, backslashes (whatever the
// escape character is) and `${…}` means anything. Source: the parser that BuildKit and Buildah share.

export interface Word {
  /** As it is written. */
  readonly raw: string
  /** Without its quotes and backslashes. */
  readonly text: string
}

/** None at all when a quote is not closed: builders give up then as well. */
export const wordsOf = (value: string): readonly Word[] => {
  const words: Word[] = []
  let word: { raw: string; text: string } | undefined
  let quote = ''
  for (let at = 0; at < value.length; at += 1) {
    const character = value[at] ?? ''
    if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    word ??= { raw: '', text: '' }
    word.raw += character
    if (character === quote) quote = ''
    else if (quote === '' && /["']/.test(character)) quote = character
    else if (character === '\\' && quote !== "'" && at + 1 < value.length) {
      at += 1
      word.raw += value[at]
      word.text += value[at]
    } else if (quote !== "'" && value.startsWith('${', at) && value.includes('}', at)) {
      // One word, whatever is in it.
      const end = value.indexOf('}', at)
      word.raw += value.slice(at + 1, end + 1)
      word.text += value.slice(at, end + 1)
      at = end
    } else word.text += character
  }
  if (quote !== '') return []
  return word === undefined ? words : [...words, word]
}

export interface Heredoc {
  /** The line that ends it. */
  readonly word: string
  /** `<<-`: tabs in front of the end word do not count. */
  readonly tabs: boolean
}

/** The here-documents that an instruction opens, in order: words that begin with `<<`. Neither `<<<` nor `1<<4` is one. */
export const heredocsOf = (name: string, value: string): Heredoc[] => {
  if (name === 'ONBUILD') {
    const [, inner = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(value) ?? []
    return heredocsOf(inner.toUpperCase(), rest)
  }
  if (!['RUN', 'COPY', 'ADD'].includes(name) || isJson(value)) return []
  return wordsOf(value).flatMap(({ raw }) => {
    const [, dash, end = ''] = /^\d*<<(-?)([^<]*)$/.exec(raw) ?? []
    const word = wordsOf(end)[0]?.text ?? ''
    return word === '' ? [] : [{ word, tabs: dash === '-' }]
  })
}

/** The other form of these instructions, which no shell and no here-document has a part in. */
const isJson = (value: string): boolean => {
  try {
    return Array.isArray(JSON.parse(value))
  } catch {
    return false
  }
}
