// Tools that must be on PATH, and how old they may be.
import semver from 'semver'
import { ok, problem, warning, type Finding } from '../finding.ts'

/** A program that was found, and its answer when it was asked for its version. */
export interface Tool {
  readonly path: string
  readonly state: 'runs' | 'fails' | 'hangs'
  /** Both of its streams. */
  readonly says: string
}

/** The first thing in an answer that looks like a version: `9.2p1`, `10.0.2`. */
export const versionIn = (text: string): string | undefined => /\d+(?:\.\d+)+(?:p\d+)?/.exec(text)?.[0]

export const isOlder = (version: string, than: string): boolean =>
  semver.lt(semver.coerce(version) ?? '0.0.0', semver.coerce(than) ?? '0.0.0')

interface Needs {
  /** What to type when it is not there. */
  readonly install: string
  readonly oldest?: string
}

/** One that is missing, does not run or is too old is a problem; one that does not tell its version gets a warning. */
export const judgeTool = (name: string, tool: Tool | undefined, { install, oldest }: Needs): Finding => {
  if (tool === undefined) return problem(name, `${name} is not installed`, install)
  if (tool.state === 'hangs')
    return problem(name, `${tool.path} does not answer`, `see what it waits for: ${tool.path}`)
  if (tool.state === 'fails')
    return problem(name, `${tool.path} does not run`, `install it again: ${install}`)
  const version = versionIn(tool.says)
  if (oldest === undefined || (version !== undefined && !isOlder(version, oldest)))
    return ok(name, version === undefined ? tool.path : `${version} (${tool.path})`)
  return version === undefined
    ? warning(name, `${tool.path} does not tell its version`, `dvm needs ${oldest} or later`)
    : problem(name, `${version} (${tool.path}) is too old`, `${install} (${oldest} or later)`)
}
