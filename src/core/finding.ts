// What `dvm doctor` says of one prerequisite.
import { expectedOf } from './errors.ts'
import { redact } from './redact.ts'

export interface Finding {
  /** What it is about; the same in every run, so that scripts can look for it. */
  readonly name: string
  /** `warning`: dvm works, but something is slower, missing or not known. `problem`: something does not work. */
  readonly state: 'ok' | 'warning' | 'problem'
  readonly found: string
  /** What to type, or to do. */
  readonly fix?: string
}

export const ok = (name: string, found: string): Finding => ({ name, state: 'ok', found })

export const warning = (name: string, found: string, fix: string): Finding => ({
  name,
  state: 'warning',
  found,
  fix,
})

export const problem = (name: string, found: string, fix: string): Finding => ({
  name,
  state: 'problem',
  found,
  fix,
})

/** A message that is a list of problems, which are indented below its first line, as one line. */
export const problemsInOne = (message: string): string =>
  message.replace(/ problems\n {2}/, ' problems: ').replaceAll('\n  ', '; ')

/** A failure that dvm has words for, as a finding; undefined for any other. */
export const findingOf = (
  name: string,
  state: 'warning' | 'problem',
  error: unknown,
): Finding | undefined => {
  const known = expectedOf(error)
  if (known === undefined) return undefined
  return {
    name,
    state,
    found: problemsInOne(known.message),
    fix: known.hint ?? 'correct that, then: dvm doctor',
  }
}

const escaped: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
}

/** Names of files and answers of tools may hold anything: what would end the line or move the cursor becomes visible. */
export const onOneLine = (text: string): string =>
  redact(text).replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => escaped[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )

/** The finding with nothing in it that could pass for another line. */
export const clean = (finding: Finding): Finding => ({
  name: onOneLine(finding.name),
  state: finding.state,
  found: onOneLine(finding.found),
  ...(finding.fix === undefined ? {} : { fix: onOneLine(finding.fix) }),
})
