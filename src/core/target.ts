// What a command is pointed at: a VM, or a project in one, written VM/PROJECT.
import { DvmError } from './errors.ts'
import { checkVmName, isName } from './names.ts'

export interface Target {
  readonly vm: string
  /** Undefined: the VM itself. */
  readonly project: string | undefined
}

export interface ProjectTarget extends Target {
  readonly project: string
}

/**
 * Reads `VM` or `VM/PROJECT`.
 * @throws DvmError `usage` for a name that cannot be, `refused` for a reserved one.
 */
export const parseTarget = (text: string, builderInstance: string): Target => {
  const slash = text.indexOf('/')
  const vm = slash === -1 ? text : text.slice(0, slash)
  const project = slash === -1 ? undefined : text.slice(slash + 1)
  checkVmName(vm, builderInstance)
  if (project !== undefined && !isName(project))
    throw new DvmError('usage', `"${project}" is not a project name`, {
      hint: 'write VM/PROJECT; names are small letters, digits and "-", starting with a letter',
    })
  return { vm, project }
}

/** @throws DvmError `usage` when no project is named. */
export const parseProjectTarget = (text: string, builderInstance: string): ProjectTarget => {
  const { vm, project } = parseTarget(text, builderInstance)
  if (project === undefined)
    throw new DvmError('usage', `"${text}" names a VM, not a project in one`, { hint: `${vm}/PROJECT` })
  return { vm, project }
}

/** As a person types it. */
export const targetText = ({ vm, project }: Target): string =>
  project === undefined ? vm : `${vm}/${project}`

/** A project's container, and the volume of its workspace, inside the VM. */
export const containerOf = ({ vm, project }: ProjectTarget): string => `dvm-${vm}-${project}`
