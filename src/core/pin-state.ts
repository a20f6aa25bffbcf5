// What can be said of a pin once its registry was asked, and the exit code of each answer.
import { DvmError } from './errors.ts'
import type { Pin, Pins } from './pin.ts'

/**
 * current: the tag points at the pinned digest. outdated: the tag moved on, the pin is still served.
 * gone: the registry no longer has the pinned digest. unreachable: no answer that can be trusted.
 */
export type PinState = 'current' | 'outdated' | 'gone' | 'unreachable'

/** `dvm pins check`; these are its own and no ErrorCode, because they are answers, not failures. */
export const pinExitCodes = { current: 0, outdated: 10, gone: 11, unreachable: 12 } as const satisfies Record<
  PinState,
  number
>

export interface CheckedPin extends Pin {
  readonly state: PinState
  /** The digest that the tag points at now, where it differs. */
  readonly latest?: string
  /** The day on which that was made, where its annotations say so. */
  readonly created?: string
  /** What a person should know beyond the state. */
  readonly problem?: string
}

// A gone pin breaks the next build for certain; one that is unreachable may; an outdated one does not.
const worstFirst: readonly PinState[] = ['gone', 'unreachable', 'outdated', 'current']

/** The state that decides for several pins: gone, then unreachable, then outdated, then current. */
export const worstState = (states: readonly PinState[]): PinState =>
  worstFirst.find((state) => states.includes(state)) ?? 'current'

export interface UpdatedPin extends Pin {
  /** Undefined when nothing moved, or the update failed. */
  readonly next?: { readonly digest: string; readonly resolved: string; readonly created: string | undefined }
  readonly failure?: DvmError
}

/**
 * The pins that a command line names.
 * @throws DvmError `not-found` when there are none.
 */
export const selectPins = (pins: Pins, flavour: string | undefined, role: string | undefined): Pins => {
  const found = pins.filter(
    (pin) => (flavour === undefined || pin.flavour === flavour) && (role === undefined || pin.role === role),
  )
  if (found.length > 0) return found
  const wanted = [flavour, role].filter((word) => word !== undefined).join(' ')
  const known = pins.map((pin) => `${pin.flavour} ${pin.role}`).join(', ')
  if (known === '')
    throw new DvmError('not-found', 'the file has no pins', { hint: 'see those of dvm: dvm pins list' })
  throw new DvmError('not-found', `there is no pin "${wanted}"`, { hint: `the pins are: ${known}` })
}
