// Disk space and memory: how little is too little.
import { ok, problem, warning, type Finding } from '../finding.ts'
import { gib, sizeText } from '../sizes.ts'

/** The file system that a path is on, or will be. */
export interface Space {
  /** The path itself, or the nearest directory above it that is there. */
  readonly at: string
  readonly isDirectory: boolean
  readonly mayWrite: boolean
  /** Bytes that this user may still fill. */
  readonly free: number
  readonly device: number
}

export interface Place {
  readonly name: string
  readonly path: string
  /** What to do when it fills up, beyond deleting something. */
  readonly fix: string
}

const tooLittle = 2 * gib
const tight = 15 * gib

export const judgeSpace = ({ name, path, fix }: Place, space: Space, note = ''): Finding => {
  if (!space.isDirectory) return problem(name, `${space.at} is not a directory`, fix)
  if (!space.mayWrite) return problem(name, `nothing can be written in ${space.at}`, fix)
  const found = `${sizeText(space.free)} free at ${path}${note}`
  if (space.free < tooLittle) return problem(name, found, fix)
  return space.free < tight ? warning(name, found, fix) : ok(name, found)
}

/** The place for VMs. macOS copies across file systems without holes; elsewhere it only costs the copy. */
export const judgeApart = (finding: Finding, isMac: boolean): Finding =>
  finding.state === 'ok' && isMac
    ? warning(
        finding.name,
        `${finding.found}: each new VM copies the whole base`,
        'set DVM_CACHE_DIR to a directory on the file system of LIMA_HOME',
      )
    : finding

export const judgeMemory = (bytes: number): Finding =>
  bytes < 4 * gib
    ? warning(
        'memory',
        `${sizeText(bytes)} in all: the builder alone asks for 4 GiB`,
        'DVM_BUILDER_MEMORY=2 dvm base build --clean, and DVM_MEMORY=1 in config.sh; or more memory',
      )
    : ok('memory', `${sizeText(bytes)} in all`)
