// The real ssh, with the configuration of the tests' own home: it looks for one in the home of the account, whatever HOME says.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { follow, home, type Options, type Outcome } from './e2e.ts'

export const userFile = join(home, '.ssh', 'config')

/** A configuration with this text and nothing else beside it. */
export const writeUserFile = (text: string): void => {
  rmSync(join(home, '.ssh'), { recursive: true, force: true })
  mkdirSync(join(home, '.ssh'), { mode: 0o700 })
  writeFileSync(userFile, text, { mode: 0o600 })
}

export interface StandInEditor {
  /** Environment in which it is the `code` on PATH. */
  readonly env: Readonly<Record<string, string>>
  /** The words that it was started with, a line each. */
  readonly told: () => string
  /** The directory that it came to. */
  readonly reached: () => string
}

/** No editor with a window can run here: this one goes where it is told, as the real one would. */
export const standInEditor = (folder: string): StandInEditor => {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  const [told, reached] = [join(folder, 'told'), join(folder, 'reached')]
  writeFileSync(
    join(bin, 'code'),
    `#!/bin/sh\nprintf '%s\\n' "$@" >"${told}"\nexec ssh -F "${userFile}" "\${2#ssh-remote+}" "cd $3 && pwd" >"${reached}"\n`,
    { mode: 0o755 },
  )
  return {
    env: { PATH: `${bin}:${process.env['PATH']}` },
    told: () => readFileSync(told, 'utf8'),
    reached: () => readFileSync(reached, 'utf8'),
  }
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
