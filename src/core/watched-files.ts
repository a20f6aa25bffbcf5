// Which files `dvm watch` looks at, and whom a change of one concerns. Paths only; no I/O.
import { isEditorFile } from './editor-files.ts'
import { isVmName } from './names.ts'

/** Where the files are. Paths are absolute and normal. */
export interface WatchLayout {
  readonly baseDir: string
  readonly configDir: string
  readonly builderInstance: string
  /** The only VM that counts; undefined: all of them. */
  readonly vm: string | undefined
}

/** Who has to do with a file. It is named as a person would: from the directory of what it belongs to. */
export type Concern =
  | { readonly of: 'base'; readonly file: string }
  | { readonly of: 'vm'; readonly vm: string; readonly file: string }
  /** What all VMs share. */
  | { readonly of: 'shared'; readonly file: string }
  /** What the dev-base is made from, so all VMs with projects. */
  | { readonly of: 'projects'; readonly file: string }

/**
 * - `none`: nobody looks there.
 * - `followed`: also where a link leads.
 * - `direct`: not into directories that only a link leads to: they may be anywhere and of any size.
 */
export type Interest = 'none' | 'followed' | 'direct'

/** From the directory, '' for itself; undefined for what is not in it. */
const below = (directory: string, path: string): string | undefined => {
  if (path === directory) return ''
  const start = directory === '/' ? '/' : `${directory}/`
  return path.startsWith(start) ? path.slice(start.length) : undefined
}

const isNoise = (file: string): boolean =>
  file.split('/').some((name) => name === '.git' || isEditorFile(name))

/** In the base directory: what reaches VMs at their next sync, and not only the next base. */
const forProjects = /^(packages\.txt|flavour|dev(\/.*)?)$/s

const vmsOf = ({ configDir }: WatchLayout): string => `${configDir}/vms`
const sharedFile = 'config.sh'

/** The VM that a path belongs to, if it counts, and the rest of the path. */
const vmAt = (layout: WatchLayout, path: string): { vm: string; file: string } | undefined => {
  const [vm = '', ...rest] = below(vmsOf(layout), path)?.split('/') ?? []
  if (!isVmName(vm, layout.builderInstance) || (layout.vm ?? vm) !== vm) return undefined
  return { vm, file: rest.join('/') }
}

const interestInVm = (file: string): Interest => {
  if (/^projects\/[^/]+\/./s.test(file)) return 'direct'
  return ['', 'config.sh', 'setup.sh'].includes(file) || /^projects(\/[^/]+)?$/s.test(file)
    ? 'followed'
    : 'none'
}

/** What the watch wants to know of a path. */
export const interestIn = (layout: WatchLayout, path: string): Interest => {
  const wanted: Interest[] = []
  const inBase = below(layout.baseDir, path)
  if (inBase !== undefined && !isNoise(inBase)) wanted.push(inBase === '' ? 'followed' : 'direct')
  const inVm = vmAt(layout, path)
  if (inVm !== undefined && !isNoise(inVm.file)) wanted.push(interestInVm(inVm.file))
  // The way there, for what may not exist yet.
  const ends = [layout.baseDir, `${layout.configDir}/${sharedFile}`, vmsOf(layout)]
  if (ends.some((end) => below(path, end) !== undefined)) wanted.push('followed')
  return wanted.includes('followed') ? 'followed' : (wanted[0] ?? 'none')
}

/** Whom a change of this path concerns: usually one, none for directories of which only the files count. */
export const concernsOf = (layout: WatchLayout, path: string): readonly Concern[] => {
  const concerns: Concern[] = []
  const inBase = below(layout.baseDir, path)
  if (inBase !== undefined && !isNoise(inBase)) {
    concerns.push({ of: 'base', file: inBase })
    if (forProjects.test(inBase)) concerns.push({ of: 'projects', file: `base/${inBase}` })
  }
  const inVm = vmAt(layout, path)
  if (
    inVm !== undefined &&
    /^(config\.sh|setup\.sh|projects\/.+\/.+)$/s.test(inVm.file) &&
    !isNoise(inVm.file)
  )
    concerns.push({ of: 'vm', ...inVm })
  if (path === `${layout.configDir}/${sharedFile}`)
    concerns.push({ of: 'shared', file: `the shared ${sharedFile}` })
  return concerns
}
