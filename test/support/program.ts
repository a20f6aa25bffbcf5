// The commander program without a process: what it declares, or what a command does with the ports that a test gives it.
import type { Command } from 'commander'
import type { CliContext } from '../../src/cli/context.ts'
import { createProgram } from '../../src/cli/program.ts'
import type { Reporter } from '../../src/cli/reporter.ts'

const noPorts = (): Promise<never> => Promise.reject(new Error('this test needs no ports'))

export const silent: Reporter = {
  print: () => undefined,
  text: () => undefined,
  json: () => undefined,
  table: () => undefined,
  note: () => undefined,
  warn: () => undefined,
  progress: undefined,
  error: () => undefined,
}

export const bareProgram = (change: Partial<CliContext> = {}): Command =>
  createProgram({
    reporter: silent,
    version: '0.0.0',
    dryRun: false,
    terminal: { stdin: false, stdout: false, name: undefined },
    deps: noPorts,
    assets: noPorts,
    looking: noPorts,
    asksLima: () => Promise.resolve(),
    onlyLooks: () => undefined,
    exitWith: () => undefined,
    ...change,
  })
