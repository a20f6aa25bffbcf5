// What reaches the guest when dvm runs a command as DVM_USER.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { entryArgv } from '../../src/core/guest-entry.ts'

const enterScript = readFileSync(join(import.meta.dirname, '../../templates/guest/enter.sh'), 'utf8')

export const asDeveloper = (user: string, argv: readonly string[], directory = '/'): readonly string[] =>
  entryArgv(enterScript, user, directory, argv)
