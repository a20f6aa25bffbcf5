// What the benchmark's parts share: their folder, a process with its time and memory, the middle of many, a row of the table.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const need = (name: string): string => {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set: run npm run bench`)
  return value
}
export const root = join(need('DVM_E2E_ROOT'), 'bench')
const main = need('DVM_E2E_DVM')
export const templates = resolve(dirname(main), '..', 'templates')
export const bare = resolve(import.meta.dirname, 'bare.sh')
const env: NodeJS.ProcessEnv = {
  ...process.env,
  DVM_CONFIG_DIR: join(root, 'config'),
  DVM_CACHE_DIR: join(root, 'cache'),
  DVM_STATE_DIR: join(root, 'state'),
  DVM_FLAVOUR: 'debian',
}
export const baseDir = join(root, 'config', 'base')
export const lima = need('LIMA_HOME')

export interface Ran {
  readonly seconds: number
  readonly stdout: string
  /** MiB, the most that the process itself had in memory. */
  readonly peak: number
}

const peakOf = (pid: number): number => {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

export const run = (file: string, args: readonly string[]): Promise<Ran> =>
  new Promise((done, fail) => {
    const start = performance.now()
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    let peak = 0
    child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)))
    child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)))
    const watch = setInterval(() => (peak = Math.max(peak, peakOf(child.pid ?? 0))), 50)
    child.on('error', fail)
    child.on('close', (code) => {
      clearInterval(watch)
      const seconds = (performance.now() - start) / 1000
      if (code === 0) done({ seconds, stdout, peak })
      else fail(new Error(`${file} ${args.join(' ')} ended with ${code}\n${stderr}`))
    })
  })
export const dvm = (...args: string[]): Promise<Ran> => run(process.execPath, [main, ...args])

const middle = (seconds: readonly number[]): number =>
  seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? Number.NaN

/** What each run of dvm pays for first. */
export const node = (): Promise<Ran> => run(process.execPath, ['-e', '0'])

/** The middle one of an odd number of runs. */
export const median = async (times: number, action: () => Promise<Ran>): Promise<number> => {
  const seconds: number[] = []
  for (let n = 0; n < times; n += 1) seconds.push((await action()).seconds)
  return middle(seconds)
}

/** Several actions that take turns, so that what else the machine does falls on all of them. */
export const inTurns = async <const T extends readonly (() => Promise<Ran>)[]>(
  times: number,
  ...actions: T
): Promise<{ readonly [K in keyof T]: { readonly middle: number; readonly peak: number } }> => {
  const ran = actions.map((): Ran[] => [])
  for (let n = 0; n < times; n += 1)
    for (const [index, action] of actions.entries()) ran[index]?.push(await action())
  return ran.map((runs) => ({
    middle: middle(runs.map(({ seconds }) => seconds)),
    peak: Math.max(...runs.map(({ peak }) => peak)),
  })) as { readonly [K in keyof T]: { readonly middle: number; readonly peak: number } }
}

/** What takes milliseconds: the middle of enough turns. */
export const medians = async <const T extends readonly (() => Promise<Ran>)[]>(
  ...actions: T
): Promise<{ readonly [K in keyof T]: number }> =>
  (await inTurns(21, ...actions)).map((each) => each.middle) as { readonly [K in keyof T]: number }

export const rows: string[][] = []
const text = (seconds: number): string =>
  seconds < 2 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`
export const row = (what: string, ours: number, theirs: number | undefined, goal: string): void => {
  const line = [
    what,
    text(ours),
    theirs === undefined ? '-' : text(theirs),
    theirs === undefined ? '-' : (ours / theirs).toFixed(2),
    goal,
  ]
  rows.push(line)
  process.stderr.write(`${line.join('  ')}\n`)
}
