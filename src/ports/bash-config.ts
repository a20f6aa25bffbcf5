// Reads configuration that is bash: checks whose files they are, evaluates them in one clean bash, returns known variables.
// It does not know what any variable means.
import { constants } from 'node:fs'
import { access, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DvmError, isErrno } from '../core/errors.ts'
import type { RawValues } from '../core/raw-values.ts'
import type { Exec } from '../system/exec.ts'
import { isPlainFile } from '../system/files.ts'
import { packagePath } from '../system/paths.ts'
import { parseReading, syntaxError } from './bash-config-parse.ts'
import { checkOwnership } from './ownership.ts'

export interface BashConfig {
  /**
   * Evaluates files in order, each seeing what the earlier ones set; files that do not exist are left out.
   * `defaults` are set before the first. Values come through exactly, arrays as arrays.
   * @throws DvmError `refused` when others could write a file, `config` when one does not come to its end.
   */
  readConfig(
    files: readonly string[],
    variables: readonly string[],
    defaults?: Readonly<Record<string, string>>,
  ): Promise<RawValues>
}

interface Options {
  readonly exec: Exec
  readonly configDir: string
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /** Told what a layer wrote to stderr although it came to its end. */
  readonly warn: (line: string) => void
  readonly timeoutMs?: number
}

/** What a configuration may see of dvm's environment. BASH_ENV and exported functions are not in it, on purpose. */
const passed = /^(HOME|PATH|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|XDG_[A-Z_]+)$/

export const createBashConfig = (options: Options): BashConfig => {
  const timeoutMs = options.timeoutMs ?? 10_000
  const env = {
    ...Object.fromEntries(
      Object.entries(options.variables).flatMap(([name, value]) =>
        passed.test(name) && value !== undefined ? [[name, value]] : [],
      ),
    ),
    // For a file that sources another one of the user's.
    DVM_CONFIG_DIR: options.configDir,
  }

  const evaluate = async (
    files: readonly string[],
    names: readonly string[],
    defaults: Readonly<Record<string, string>>,
  ): Promise<RawValues> => {
    const scratch = await mkdtemp(join(tmpdir(), 'dvm-config-'))
    const result = join(scratch, 'result')
    try {
      const completed = await options.exec.capture({
        file: 'bash',
        args: [
          '--noprofile',
          '--norc',
          packagePath('templates/host/read-config.sh'),
          result,
          join(scratch, 'messages'),
          ...names,
          '--',
          ...files,
        ],
        cwd: options.configDir,
        env,
        timeoutMs,
      })
      if (completed.canceled) options.signal.throwIfAborted()
      if (completed.code === 'ENOENT')
        throw new DvmError('tool', 'bash is not installed', { hint: 'install bash; config.sh is bash' })
      const messages = (await readStart(join(scratch, 'messages'))).split('\n').filter((line) => line !== '')
      const reading = parseReading(await readStart(result), defaults)
      if (reading.kind === 'complete') {
        for (const line of messages.slice(0, 20)) options.warn(line)
        return reading.values
      }
      if (reading.kind === 'syntax')
        throw syntaxError(reading.file, (await readStart(`${result}.syntax`)).split('\n'))
      const file = reading.file ?? files[0] ?? 'config.sh'
      if (completed.timedOut)
        throw new DvmError('config', `${file} did not come to its end within ${timeoutMs / 1000} s`, {
          hint: 'configuration is read at each command; move slow work to setup.sh',
          tail: messages.slice(-5),
        })
      const status = completed.exitCode === undefined ? 'killed' : `status ${completed.exitCode}`
      throw new DvmError('config', `${file} stopped bash before the end of the file (${status})`, {
        hint: 'a configuration only sets variables; to leave it early use `return`, not `exit`',
        tail: messages.slice(-5),
      })
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }

  return {
    readConfig: async (files, variables, defaults = {}) => {
      const present: string[] = []
      for (const file of files) if (await isPlainFile(file)) present.push(file)
      if (present.length === 0) return {}
      for (const file of present) {
        await checkOwnership(file, options.configDir)
        await checkReadable(file)
      }
      const names = variables.map((name) => {
        if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) throw new Error(`not a variable name: ${name}`)
        const value = defaults[name]
        return value === undefined ? name : `${name}=${value}`
      })
      return evaluate(present, names, defaults)
    },
  }
}

/** A file's text, empty when there is none. Values are small; a result of this size is already nonsense. */
const readStart = async (path: string): Promise<string> => {
  try {
    const info = await stat(path)
    if (info.size > 4 << 20) return ''
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return ''
    throw error
  }
}

const checkReadable = async (path: string): Promise<void> => {
  try {
    await access(path, constants.R_OK)
  } catch (error) {
    throw new DvmError('config', `${path} cannot be read`, { hint: `chmod u+r '${path}'`, cause: error })
  }
}
