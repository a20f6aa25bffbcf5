// The real ssh, with the configuration of the tests' own home: it looks for one in the home of the account, whatever HOME says.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { follow, home, type Options, type Outcome } from './e2e.ts'

export const userFile = join(home, '.ssh', 'config')

/** A configuration with this text and nothing else beside it. */
export const writeUserFile = (text: string): void => {
  rmSync(join(home, '.ssh'), { recursive: true, force: true })
  mkdirSync(join(home, '.ssh'), { mode: 0o700 })
  writeFileSync(userFile, text, { mode: 0o600 })
}

/** ssh, or a program that takes its `-F`. */
export const ssh = async (
  args: readonly string[],
  options: Options = {},
  program = 'ssh',
): Promise<Outcome> => {
  const { exitCode, stdout, stderr } = await follow(program, ['-F', userFile, ...args], options).result
  return { exitCode, stdout, stderr }
}
