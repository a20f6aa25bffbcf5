// A guest's ssh host keys: as templates/guest/ssh-access.sh prints them, and as ssh wants to know them. Pure.
import { instanceOf } from './names.ts'

/** Before each key that the guest's script prints. */
export const hostKeyMarker = '::dvm host key:: '

const key = /^[a-z0-9][a-z0-9@.-]* [A-Za-z0-9+/]{16,}={0,2}$/

/** The key in a line of the guest's, or undefined for any other line. What a guest prints is data: only what looks like a key is one. */
export const parseHostKey = (line: string): string | undefined => {
  const text = line.startsWith(hostKeyMarker) ? line.slice(hostKeyMarker.length) : ''
  return key.test(text) ? text : undefined
}

/** A known hosts file. The host is its alias, because address and port are of the day. */
export const renderKnownHosts = (vm: string, keys: readonly string[]): string =>
  [...new Set(keys)].map((text) => `${instanceOf(vm)} ${text}\n`).join('')
