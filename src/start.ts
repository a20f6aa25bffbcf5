// Composition root: the only file that sees argv, the environment and signals, and the only one that sets the exit code.
import { readFileSync } from 'node:fs'
import { createReporter } from './cli/reporter.ts'
import { runProgram } from './cli/program.ts'
import { architectureOf } from './core/architecture.ts'
import { isSet, parseEnvironment } from './core/environment.ts'
import { conditionOf, DvmError, exitCodes, expectedOf, Interrupted } from './core/errors.ts'
import type { Begun } from './system/exec.ts'
import { packagePath } from './system/paths.ts'

const version = (): string => {
  const { version } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as { version: string }
  return version
}

const abort = new AbortController()
/** Something may have been made that an interruption takes back. */
let makes = true
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
// `on`, not `once`: with once, execa's exit hook would see no other listener and kill dvm before its rollback.
for (const signal of signals)
  process.on(signal, () => {
    const interrupted = new Interrupted(signal)
    if (abort.signal.aborted) process.exit(interrupted.exitCode)
    if (makes) reporter.note('stopping and taking back what this run made (once more exits at once)')
    abort.abort(interrupted)
  })
/** Loads a library without its own signal handlers: one that sends the signal on afterwards looks like a second Ctrl-C, which takes nothing back. */
const withoutItsSignals = async <T>(load: () => Promise<T>): Promise<T> => {
  const before = new Set(signals.flatMap((signal) => process.rawListeners(signal)))
  const loaded = await load()
  for (const signal of signals)
    for (const listener of process.rawListeners(signal))
      if (!before.has(listener)) process.removeListener(signal, listener as () => void)
  return loaded
}
// Of what Node calls experimental (a proxy that speaks SOCKS) the user of dvm can decide nothing.
const hearers = process.listeners('warning')
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') for (const hear of hearers) hear(warning)
})
// Nobody reads the story any more, or its disk is full: the work goes on, and is taken back where it must be.
process.stderr.on('error', () => undefined)
/** The result could not be written, which is a failure when nothing else is. */
let lost = false
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A closed pipe (dvm ls | head -1) is the reader's choice, not a failure.
  if (error.code !== 'EPIPE' && !lost) {
    lost = true
    const { message, hint } = conditionOf(error) ?? { message: error.message, hint: undefined }
    const why = message.replace(/, write$/, '')
    reporter.error(
      new DvmError('failed', `the result could not be written: ${why}`, { hint, cause: error }),
      false,
    )
  }
  // What makes something comes to its end, or nobody would take back what is half made.
  if (!makes) process.exit()
})
process.once('exit', () => {
  if (lost) process.exitCode ||= 1
})

let begun: Begun | undefined

const reporter = createReporter(process.stdout, process.stderr, (process.env['NO_COLOR'] ?? '') === '')
try {
  await runProgram(process.argv.slice(2), {
    reporter,
    version: version(),
    dryRun: isSet(process.env['DVM_DRY_RUN']),
    terminal: { stdin: process.stdin.isTTY, stdout: process.stdout.isTTY, name: process.env['TERM'] },
    asksLima: async (check) => {
      const env = parseEnvironment(process.env, process.cwd())
      check?.(env.builder.instance)
      architectureOf(process.arch)
      const { beginList } = await import('./ports/lima/begin.ts')
      begun = beginList(env, process.env, abort.signal)
    },
    deps: async () => {
      const { compose } = await import('./compose.ts')
      return compose({
        env: parseEnvironment(process.env, process.cwd()),
        variables: process.env,
        signal: abort.signal,
        begun,
        reporter,
        version: version(),
        command: ['dvm', ...process.argv.slice(2)].join(' '),
        withoutItsSignals,
      })
    },
    assets: async () => (await import('./ports/assets.ts')).createAssets(),
    looking: async () => ({
      env: parseEnvironment(process.env, process.cwd()),
      files: (await import('./ports/host-files.ts')).createHostFiles(),
    }),
    onlyLooks: () => {
      makes = false
    },
    exitWith: (code) => {
      process.exitCode = code
    },
  })
} catch (error) {
  const reason: unknown = abort.signal.aborted ? abort.signal.reason : error
  if (reason instanceof Interrupted) {
    if (makes) reporter.note('interrupted')
    process.exitCode = reason.exitCode
  } else {
    reporter.error(reason, (process.env['DVM_DEBUG'] ?? '') !== '')
    process.exitCode = expectedOf(reason)?.exitCode ?? exitCodes.bug
  }
} finally {
  // A command that failed before it asked: nobody waits for the answer.
  begun?.drop()
}
