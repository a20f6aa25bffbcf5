// What others wrote (a file, a variable, a tool) on its way to a terminal. Logs that a person asks for are printed as they are.
import { stripVTControlCharacters } from 'node:util'
import { redact } from '../core/redact.ts'

/** Control characters as `\u00NN`, which JSON takes. Line ends and tabs stay. */
const visible = (text: string): string =>
  text.replaceAll(
    /(?![\t\n])\p{Cc}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** What dvm says: nothing in it commands a terminal, and no login is told. Names stay what they are. */
export const shown = (text: string): string => redact(visible(redact(text)))

/** The same for what a tool printed, without its colours; of a line that was written over, the last. */
export const shownOfTool = (text: string): string =>
  shown(stripVTControlCharacters(text).replaceAll(/\r+$/gm, '').replaceAll(/^.*\r/gm, ''))

/** A result or an event as JSON, without the logins in its texts. */
export const shownJson = (value: unknown, indent?: number): string =>
  visible(
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'string' ? redact(each) : each), indent),
  )
