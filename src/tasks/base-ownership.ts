// Whose the files of the base directory are. Below the configuration directory they are checked as far up as a VM's: who may write to a
// directory above may put another base there.
import { resolve } from 'node:path'
import type { Deps } from './deps.ts'

/** @throws DvmError `refused` for a file, or a directory above it, that others can change. */
export const checkBaseFile = (
  { env, checkOwnership }: Pick<Deps, 'env' | 'checkOwnership'>,
  path: string,
): Promise<void> => {
  const [config, base] = [resolve(env.configDir), resolve(env.baseDir)]
  return checkOwnership(path, base.startsWith(`${config}/`) ? config : base)
}
