// What others wrote (a file, a variable, a tool) on its way to a terminal. Logs that a person asks for are printed as they are.
import { stripVTControlCharacters } from 'node:util'
import { numbered } from '../core/numbered.ts'
import { redact } from '../core/redact.ts'

/** Line ends and tabs stay. */
const visible = (text: string): string => numbered(text, /(?![\t\n])\p{Cc}/gu)

/**
 * What dvm says: nothing in it commands a terminal, and no login is told. Names stay what they are. A login is looked for before and after:
 * it may hold a control character, and so may what stands before it.
 */
export const shown = (text: string): string => redact(visible(redact(text)))

/** The same for what a tool printed, without its colours; of a line that was written over, the last. */
export const shownOfTool = (text: string): string =>
  shown(stripVTControlCharacters(text).replaceAll(/\r+$/gm, '').replaceAll(/^.*\r/gm, ''))

/** A result or an event as JSON, without the logins in its texts. */
export const shownJson = (value: unknown, indent?: number): string =>
  visible(
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'string' ? redact(each) : each), indent),
  )
