// What a command is going to ask Lima, asked while most of dvm still loads. A file of its own, because it is loaded first.
import { setOnly, type Environment } from '../../core/environment.ts'
import { begin, type Begun } from '../../system/exec.ts'
import { shortListCommand } from './argv.ts'

/** `list` of the Lima port, under way. */
export const beginList = (
  { limactl, limaLogLevel: logLevel }: Environment,
  variables: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Begun => begin(shortListCommand({ limactl, logLevel, variables: setOnly(variables) }), signal)
