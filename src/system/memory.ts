// How much memory there is. Not how much is free: macOS counts only pages that nothing lies in, so there is next to none.
import { totalmem } from 'node:os'

/** Bytes that processes here may use in all. A container may get less than the machine has. */
export const totalMemory = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity)
