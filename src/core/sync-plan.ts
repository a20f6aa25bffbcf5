// What a sync must do to one VM, from what Lima says of it. Pure.
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

/** What somebody asks for; undefined = whatever there is. */
interface Wanted {
  readonly cpus: number | undefined
  /** GiB */
  readonly memory: number | undefined
  /** GiB */
  readonly disk: number | undefined
}

/** Lima reports what it rounded: less than 1 % of a GiB is no difference. */
const differs = (wanted: number | undefined, bytes: number): boolean =>
  wanted !== undefined && bytes !== 0 && Math.abs(bytes - wanted * gib) >= gib / 100

/** How the sizes of a configuration have moved on from an existing VM, in a person's words. Lima says 0 of what it cannot read. */
export const configDrift = ({ cpus, memory, disk }: Wanted, vm: Sizes): string[] => [
  ...(cpus === undefined || vm.cpus === 0 || vm.cpus === cpus ? [] : [`${vm.cpus} CPUs (config: ${cpus})`]),
  ...(differs(memory, vm.memory) ? [`${sizeText(vm.memory)} memory (config: ${memory} GiB)`] : []),
  ...(differs(disk, vm.disk) ? [`${sizeText(vm.disk)} disk (config: ${disk} GiB)`] : []),
]

/** The same of its ports. Lima forwards those that it was created with; undefined: nobody wrote them down. */
export const portDrift = (made: readonly string[] | undefined, wanted: readonly string[]): string[] => {
  if (made === undefined) return []
  const [before, after] = [made, wanted].map((ports) => ports.toSorted().join(' '))
  return before === after ? [] : [`${before ? `ports ${before}` : 'no ports'} (config: ${after || 'none'})`]
}
