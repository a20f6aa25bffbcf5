// What a process prints, as lines and in constant memory: a setup.sh may print for hours, or megabytes without a line's end.
import { StringDecoder } from 'node:string_decoder'

/** A longer line is handed on in pieces. */
export const longestLine = 16 * 1024
/** How much of the end is kept: far more than any error that is looked for in it. */
export const keptTail = 256 * 1024

export interface Lines {
  push(bytes: Buffer): void
  /** No more comes: hands on a last line without an end. */
  end(): void
  /** The end of it all, without the last newline; whole when it is no longer than `keptTail`. */
  tail(): string
}

/** Hands on each line, without its end, as soon as it is whole. */
export const linesOf = (onLine: (line: string) => void): Lines => {
  const decoder = new StringDecoder('utf8')
  let open = ''
  let tail = ''
  const take = (text: string): void => {
    tail += text
    // Not at each piece: cutting copies what is kept.
    if (tail.length > 2 * keptTail) tail = tail.slice(-keptTail)
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const line = open + text.slice(start, end)
      open = ''
      start = end + 1
      handOn(line.endsWith('\r') ? line.slice(0, -1) : line)
    }
    open += text.slice(start)
    while (open.length > longestLine) {
      onLine(open.slice(0, longestLine))
      open = open.slice(longestLine)
    }
  }
  const handOn = (line: string): void => {
    for (let at = 0; at === 0 || at < line.length; at += longestLine) onLine(line.slice(at, at + longestLine))
  }
  return {
    push: (bytes) => take(decoder.write(bytes)),
    end: () => {
      take(decoder.end())
      if (open !== '') handOn(open)
      open = ''
    },
    tail: () => tail.slice(-keptTail).replace(/\r?\n$/, ''),
  }
}
