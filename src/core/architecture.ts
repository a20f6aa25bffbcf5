// Which machines dvm works on, in Lima's words.
import { DvmError } from './errors.ts'

const known: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }

/** @throws DvmError `tool` for any other: a base is for the machine that builds it, and no flavour has one for that. */
export const architectureOf = (nodeArch: string): 'x86_64' | 'aarch64' => {
  const arch = known[nodeArch]
  if (arch === 'x86_64' || arch === 'aarch64') return arch
  throw new DvmError('tool', `dvm runs on x86_64 and aarch64; this Node is for ${nodeArch}`, {
    hint: 'on a 64-bit machine of those, install the Node that is made for it: https://nodejs.org/en/download',
  })
}
