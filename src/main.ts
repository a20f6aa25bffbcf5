#!/usr/bin/env node
// Composition root: the only file that sees argv, the environment and signals, and the only one that sets the exit code.
import { readFileSync } from 'node:fs'
import { createReporter } from './cli/reporter.ts'
import { runProgram } from './cli/program.ts'
import { isSet, parseEnvironment } from './core/environment.ts'
import { conditionOf, DvmError, Interrupted } from './core/errors.ts'
import { abortOnSignals } from './signals.ts'
import { packagePath } from './system/paths.ts'

const version = (): string => {
  const { version } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as { version: string }
  return version
}

// Said before anything newer than this Node is loaded; `engines` in package.json is only a warning to npm.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `dvm: needs Node 24 or later, this is ${process.versions.node}\n  try: install Node 24, https://nodejs.org/en/download\n`,
  )
  process.exit(4)
}

const signal = abortOnSignals(() =>
  reporter.note('stopping and taking back what this run made (once more exits at once)'),
)
// Nobody reads the story any more: the work goes on.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})
// A closed pipe (dvm ls | head -1) is the reader's choice, not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const reporter = createReporter(process.stdout, process.stderr, (process.env['NO_COLOR'] ?? '') === '')
try {
  await runProgram(process.argv.slice(2), {
    reporter,
    version: version(),
    dryRun: isSet(process.env['DVM_DRY_RUN']),
    terminal: { stdin: process.stdin.isTTY, stdout: process.stdout.isTTY, name: process.env['TERM'] },
    deps: async () => {
      const { compose } = await import('./compose.ts')
      return compose({
        env: parseEnvironment(process.env, process.cwd()),
        variables: process.env,
        signal,
        reporter,
        version: version(),
        command: ['dvm', ...process.argv.slice(2)].join(' '),
      })
    },
    assets: async () => (await import('./ports/assets.ts')).createAssets(),
    looking: async () => ({
      env: parseEnvironment(process.env, process.cwd()),
      files: (await import('./ports/host-files.ts')).createHostFiles(),
    }),
    exitWith: (code) => {
      process.exitCode = code
    },
  })
} catch (error) {
  const reason: unknown = signal.aborted ? signal.reason : (conditionOf(error) ?? error)
  if (reason instanceof Interrupted) {
    reporter.note('interrupted')
    process.exitCode = reason.exitCode
  } else {
    reporter.error(reason, (process.env['DVM_DEBUG'] ?? '') !== '')
    process.exitCode = reason instanceof DvmError ? reason.exitCode : 70
  }
}
