// Whose processes these are.
import { userInfo } from 'node:os'

export interface Account {
  readonly uid: number
  /** Its number where the user database has no name for it, as `ls -l` shows it: a container that was started with `-u 1234`. */
  readonly name: string
  readonly hasName: boolean
}

/** @param lookUp throws when the user database has no entry */
export const account = (lookUp: () => { uid: number; username: string } = userInfo): Account => {
  try {
    const { uid, username } = lookUp()
    return { uid, name: username, hasName: true }
  } catch {
    const uid = process.getuid?.() ?? -1
    return { uid, name: String(uid), hasName: false }
  }
}
