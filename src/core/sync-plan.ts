// What a sync must do to one VM, from what Lima says of it. Pure.
import type { VmConfig } from './config.ts'
import { gib, sizeText } from './sizes.ts'

export type SyncAction = 'create' | 'start' | 'restart' | 'none'

/** The first move; setup runs in any case. */
export const actionFor = (status: string | undefined): SyncAction => {
  switch (status) {
    case undefined:
      return 'create'
    case 'Running':
      return 'none'
    case 'Stopped':
      return 'start'
    default:
      return 'restart'
  }
}

interface Sizes {
  readonly cpus: number
  /** bytes */
  readonly memory: number
  /** bytes */
  readonly disk: number
}

/** How the configuration has moved on from an existing VM, in a person's words. */
export const configDrift = (config: VmConfig, vm: Sizes): string[] => [
  ...(vm.cpus === config.cpus ? [] : [`${vm.cpus} CPUs (config: ${config.cpus})`]),
  // Lima reports what it rounded; less than 1 % is no difference.
  ...(Math.abs(vm.memory - config.memory * gib) < gib / 100
    ? []
    : [`${sizeText(vm.memory)} memory (config: ${config.memory} GiB)`]),
  ...(Math.abs(vm.disk - config.disk * gib) < gib / 100
    ? []
    : [`${sizeText(vm.disk)} disk (config: ${config.disk} GiB)`]),
]
