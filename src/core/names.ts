// Names of VMs: which are allowed, and which Lima instance each one is.
import { DvmError } from './errors.ts'

const grammar = /^[a-z][a-z0-9-]*$/

/** True for what a VM, a project or DVM_USER may be called. */
export const isName = (text: string): boolean => grammar.test(text)

/** The Lima instance of a VM. */
export const instanceOf = (vm: string): string => `dvm-${vm}`

/** The throw-away VM of the boot test. It cannot meet a user's VM, because `base` is a reserved name. */
export const bootTestInstance = 'dvm-base'

/** True for what a person cannot have as a VM: names of the base image workflow. */
const isReserved = (vm: string, builderInstance: string): boolean =>
  vm === 'base' || vm === builderInstance || instanceOf(vm) === builderInstance

/** True for a name that commands would act on. */
export const isVmName = (vm: string, builderInstance: string): boolean =>
  isName(vm) && !isReserved(vm, builderInstance)

/**
 * Checks the name of a VM that a command is to act on.
 * @param instead what to type when it is a project, VM/PROJECT, and the command is for VMs alone
 * @throws DvmError `usage` when the grammar is broken, `refused` for a reserved name.
 */
export const checkVmName = (
  vm: string,
  builderInstance: string,
  instead: (target: { readonly vm: string; readonly project: string }) => string = (target) => target.vm,
): void => {
  const [of = '', project = '', ...more] = vm.split('/')
  if (isName(of) && isName(project) && more.length === 0)
    throw new DvmError('usage', `"${vm}" names a project, not a VM`, { hint: instead({ vm: of, project }) })
  if (!isName(vm))
    throw new DvmError('usage', `"${vm}" is not a VM name`, {
      hint: 'use small letters, digits and "-", starting with a letter',
    })
  if (isReserved(vm, builderInstance))
    throw new DvmError('refused', `"${vm}" is reserved for the base image workflow`, {
      hint: 'choose another name; the builder is managed with: dvm base status, dvm base rm --builder',
    })
}

/** The VM of a Lima instance, or undefined when the instance is not a user's VM (the builder, the boot test, a stranger). */
export const vmOfInstance = (instance: string, builderInstance: string): string | undefined => {
  if (!instance.startsWith('dvm-') || instance === builderInstance || instance === bootTestInstance)
    return undefined
  const vm = instance.slice('dvm-'.length)
  return isName(vm) ? vm : undefined
}

/** What to type to have an instance made and started: somebody removed or stopped it while dvm was at work. */
export const bringUp = (instance: string): string => {
  if (instance === 'dvm-builder') return 'dvm base build'
  return instance.startsWith('dvm-')
    ? `dvm sync ${instance.slice('dvm-'.length)}`
    : `limactl start ${instance}`
}
