// The commander program alone, for tests that look at what it declares: nothing of it may run.
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'

const noPorts = (): Promise<never> => Promise.reject(new Error('this test needs no ports'))

export const bareProgram = (): Command =>
  createProgram({
    reporter: {
      print: () => undefined,
      text: () => undefined,
      json: () => undefined,
      table: () => undefined,
      note: () => undefined,
      warn: () => undefined,
      progress: undefined,
      error: () => undefined,
    },
    version: '0.0.0',
    dryRun: false,
    terminal: { stdin: false, stdout: false, name: undefined },
    deps: noPorts,
    assets: noPorts,
    looking: noPorts,
    onlyLooks: () => undefined,
    exitWith: () => undefined,
  })
