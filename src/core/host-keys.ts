// A guest's ssh host keys: as templates/guest/host-keys.sh prints them, and as ssh wants to know them. Pure.
import { instanceOf } from './names.ts'

/** Before each key that the guest's script prints. */
export const hostKeyMarker = '::dvm host key:: '

const key = /^[a-z0-9][a-z0-9@.-]* [A-Za-z0-9+/]{16,}={0,2}$/

/** True for a public key as it stands in a known hosts file: type and base64, nothing else. */
export const isPublicKey = (text: string): boolean => key.test(text)

/** The key in the text of a `.pub` file, without its comment. */
export const parsePublicKey = (text: string): string | undefined => {
  const found = text.trimStart().split(/\s+/, 2).join(' ')
  return isPublicKey(found) ? found : undefined
}

/** The key in a line of the guest's, or undefined for any other line. What a guest prints is data: only what looks like a key is one. */
export const parseHostKey = (line: string): string | undefined => {
  const text = line.startsWith(hostKeyMarker) ? line.slice(hostKeyMarker.length) : ''
  return isPublicKey(text) ? text : undefined
}

/** A known hosts file. The host is its alias, because address and port are of the day. */
export const renderKnownHosts = (vm: string, keys: readonly string[]): string =>
  [...new Set(keys)].map((text) => `${instanceOf(vm)} ${text}\n`).join('')
