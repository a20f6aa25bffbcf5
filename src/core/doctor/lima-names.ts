// Which instances Lima will refuse for their name or for the length of the paths of their sockets, as Lima 2.2 counts.
import { ok, problem, type Finding } from '../finding.ts'

/** ssh's control socket while it is made: filenames.LongestSock in Lima. */
const longestSocket = 'ssh.sock.1234567890123456'

/** A path must be shorter than this: UNIX_PATH_MAX in pkg/osutil. */
const pathMax = (platform: string): number => (platform === 'linux' ? 108 : 104)

/** pkg/identifiers in Lima. */
export const isIdentifier = (name: string): boolean =>
  /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/.test(name) && name.length <= 76

/** What its names may not be, of those that a VM may have. */
export const identifierRule = 'no "-" at the end, no two in a row, at most 76 letters'

const socketLength = (limaHome: string, instance: string): number =>
  Buffer.byteLength(`${limaHome}/${instance}/${longestSocket}`)

/** `instances` in the order in which they matter: the first that does not fit is named. */
export const judgeNames = (
  limaHome: string,
  instances: readonly string[],
  platform: string,
): readonly Finding[] => {
  const most = pathMax(platform) - 1
  const named = instances.map((instance) => ({ instance, length: socketLength(limaHome, instance) }))
  const tooLong = named.filter(({ length }) => length > most)
  const longest = Math.max(...named.map(({ length }) => length))
  const [first] = tooLong
  const others = tooLong.length > 1 ? ` and ${tooLong.length - 1} more` : ''
  const room = Math.max(0, most - socketLength('', 'dvm-app'))
  return [
    first === undefined
      ? ok('socket paths', `${longest} of at most ${most} bytes below ${limaHome}`)
      : problem(
          'socket paths',
          `${first.instance}${others}: ${first.length} bytes below ${limaHome}, at most ${most}`,
          `use shorter VM names, or a LIMA_HOME of at most ${room} bytes (for a name like app)`,
        ),
    ...instances
      .filter((instance) => !isIdentifier(instance))
      .map((instance) =>
        problem(
          'VM names',
          `Lima will not take ${instance}: ${identifierRule}`,
          'rename its directory in vms/',
        ),
      ),
  ]
}
