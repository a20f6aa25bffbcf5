// What a command is going to ask Lima, asked before the code that reads the answer is loaded. A file of its own, because it is loaded first.
import { setOnly, type Environment } from '../../core/environment.ts'
import { begin, type Begun } from '../../system/begin.ts'
import { shortListCommand } from './argv.ts'

/** `list` of the Lima port, under way. */
export const beginList = (
  { limactl, limaLogLevel: logLevel }: Environment,
  variables: Readonly<Record<string, string | undefined>>,
): Begun => begin(shortListCommand({ limactl, logLevel, variables: setOnly(variables) }))
