// What dvm remembers of each VM, in STATE/VM/state.json, and what `ls` found in its configuration, in evaluated.json beside it. Safe to
// delete: dvm then knows less, and says so.
//
// Written through conf (atomic, one store a VM). Reading does not load conf: its import costs as much as the rest of a
// command together (about 70 ms, it brings ajv and semver), and `ls` reads the state of every VM.
import { chmodSync, lstatSync, readdirSync, rmSync, rmdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { isName } from '../core/names.ts'
import { parseEvaluation, parseVmState } from '../core/vm-state.ts'
import type { Evaluation, VmState } from '../core/vm-state.ts'
import { ensurePrivateDirectory, readTextIfThere, writeFileAtomic } from '../system/files.ts'

export type { VmState } from '../core/vm-state.ts'

export type VmStatePatch = { readonly [K in keyof VmState]?: VmState[K] | undefined }

export interface StateStore {
  /** Undefined when nothing is known of the VM, also when the file is damaged (with a warning). */
  read(vm: string): Promise<VmState | undefined>
  /** Changes these fields, forgets those that are undefined, keeps the others. A damaged file is replaced. */
  write(vm: string, patch: VmStatePatch): Promise<void>
  /** What was kept; undefined when nothing was, or when it is damaged. */
  evaluation(vm: string): Promise<Evaluation | undefined>
  /** Whole or not at all, and in a file of its own: a sync may be changing the state. */
  keepEvaluation(vm: string, evaluation: Evaluation): Promise<void>
  /** Forgets the VM: its state and its logs, nothing else. */
  remove(vm: string): Promise<void>
}

const configName = 'state'

/** What dvm writes for a VM in its directory here. */
const own = /^(state\.json|evaluated\.json|syncing|(lima|setup|dev-base)\.log|project-[a-z0-9-]+\.log)$/

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const readdirIfThere = (path: string): readonly string[] => {
  try {
    return readdirSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}

/** `load` is how conf is loaded: it brings when-exit, which sends a signal that came once more when it has tidied up. */
export const createStateStore = (
  stateDir: string,
  warn: (line: string) => void,
  load: <T>(library: () => Promise<T>) => Promise<T> = (library) => library(),
): StateStore => {
  const directoryOf = (vm: string): string => {
    if (!isName(vm)) throw new Error(`not a VM name: ${vm}`)
    return join(stateDir, vm)
  }
  const pathOf = (vm: string): string => join(directoryOf(vm), `${configName}.json`)
  const evaluationOf = (vm: string): string => join(directoryOf(vm), 'evaluated.json')
  const readState = async (vm: string, tell: (line: string) => void): Promise<VmState | undefined> => {
    const text = await readTextIfThere(pathOf(vm))
    if (text === undefined) return undefined
    const state = parseVmState(parsed(text))
    if (state === undefined) tell(`${pathOf(vm)} is damaged; what dvm knew of ${vm} is lost`)
    return state
  }
  return {
    read: (vm) => readState(vm, warn),
    write: async (vm, patch) => {
      const before = await readState(vm, () => {})
      const after = parseVmState({ ...before, ...patch })
      if (before !== undefined && JSON.stringify(after) === JSON.stringify({ ...before })) return
      ensurePrivateDirectory(directoryOf(vm))
      const { default: Conf } = await load(() => import('conf'))
      const store = new Conf<Record<string, unknown>>({
        cwd: directoryOf(vm),
        configName,
        configFileMode: 0o600,
        clearInvalidConfig: true,
      })
      for (const [name, value] of Object.entries(patch))
        if (value === undefined) store.delete(name)
        else store.set(name, value)
      chmodSync(store.path, 0o600)
    },
    evaluation: async (vm) => parseEvaluation(parsed((await readTextIfThere(evaluationOf(vm))) ?? '')),
    keepEvaluation: (vm, evaluation) => writeFileAtomic(evaluationOf(vm), `${JSON.stringify(evaluation)}\n`),
    remove: async (vm) => {
      // By name, never the whole directory: a VM may be called `locks` or `images`, which are dvm's own directories here.
      const names = readdirIfThere(directoryOf(vm)).filter((file) => own.test(file))
      for (const name of names) rmSync(join(directoryOf(vm), name), { force: true })
      // It may lead to another disk. Then the link is what a VM had, unless it had nothing there: see above.
      if (lstatSync(directoryOf(vm), { throwIfNoEntry: false })?.isSymbolicLink() === true) {
        if (names.length > 0) unlinkSync(directoryOf(vm))
        return
      }
      try {
        rmdirSync(directoryOf(vm))
      } catch (error) {
        if (!isErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error
      }
    },
  }
}
