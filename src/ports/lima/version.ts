// Which version limactl says that it is. Apart from the other parsing and loaded when asked: only a build and a new VM ask, and semver
// costs as much time as the rest of the port.
import semver from 'semver'
import { DvmError } from '../../core/errors.ts'

/** The oldest Lima that dvm works with: `disk` file naming and `watch` came with it. */
export const oldestLima = '2.1.0'

export const isTooOld = (version: string): boolean => semver.lt(version, oldestLima)

export const tooOld = (version: string): DvmError =>
  new DvmError('tool', `Lima ${version} is too old`, {
    hint: `install Lima ${oldestLima} or later: brew upgrade lima, or https://lima-vm.io/docs/installation/`,
  })

/** `2.2.0` from `limactl version 2.2.0`; undefined for `<unknown>`, a commit, or anything that is not a version. */
export const parseVersion = (stdout: string): string | undefined => {
  const word = /^limactl version v?(\S+)/m.exec(stdout)?.[1]
  if (word === undefined || !/^\d+\.\d+/.test(word)) return undefined
  return semver.coerce(word)?.version
}
