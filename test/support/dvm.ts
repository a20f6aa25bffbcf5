// Runs dvm as a user does: a process of its own, with nothing of this environment but PATH.
import { spawn } from 'node:child_process'
import { compileCache } from './compile-cache.ts'
import { main } from './main.ts'

export interface Outcome {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export const runDvm = (
  home: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  file = main,
): Promise<Outcome> =>
  new Promise((done, fail) => {
    const child = spawn(process.execPath, [file, ...args], {
      cwd: home,
      env: { PATH: process.env['PATH'] ?? '', HOME: home, ...compileCache, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const text = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk))
    child.on('error', fail)
    child.on('close', (exitCode) => done({ exitCode, ...text }))
  })
