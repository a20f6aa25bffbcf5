// Speed as a table: dvm beside the bare commands, in one run, on the same machine and VMs. Prints; judges nothing.
// Needs what scripts/bench sets up: limactl on PATH, LIMA_HOME, DVM_E2E_ROOT, DVM_E2E_DVM, DVM_BUILDER_TEMPLATE.
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const need = (name: string): string => {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set: run npm run bench`)
  return value
}
const root = join(need('DVM_E2E_ROOT'), 'bench')
const main = need('DVM_E2E_DVM')
const templates = resolve(dirname(main), '..', 'templates')
const bare = resolve(import.meta.dirname, 'bare.sh')
const env: NodeJS.ProcessEnv = {
  ...process.env,
  DVM_CONFIG_DIR: join(root, 'config'),
  DVM_CACHE_DIR: join(root, 'cache'),
  DVM_STATE_DIR: join(root, 'state'),
  DVM_FLAVOUR: 'debian',
}
const baseDir = join(root, 'config', 'base')

interface Ran {
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

const run = (file: string, args: readonly string[]): Promise<Ran> =>
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
const dvm = (...args: string[]): Promise<Ran> => run(process.execPath, [main, ...args])

/** The middle one of an odd number of runs. */
const median = async (times: number, action: () => Promise<Ran>): Promise<number> => {
  const seconds: number[] = []
  for (let n = 0; n < times; n += 1) seconds.push((await action()).seconds)
  return seconds.sort((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN
}

const rows: string[][] = []
const text = (seconds: number): string =>
  seconds < 2 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`
const row = (what: string, ours: number, theirs: number | undefined, goal: string): void => {
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

const containerfile = (line: string): void =>
  writeFileSync(
    join(baseDir, 'Containerfile'),
    [
      'FROM dvm-base',
      'RUN --mount=type=cache,id=dvm-debian-archives,target=/var/cache/apt --mount=type=cache,id=dvm-debian-lists,target=/var/lib/apt/lists \\',
      '  apt-get -q update && apt-get -q -y install --no-install-recommends jq',
      `RUN echo ${line} > /etc/dvm-bench`,
      '',
    ].join('\n'),
    { mode: 0o600 },
  )

rmSync(root, { recursive: true, force: true })
mkdirSync(baseDir, { recursive: true, mode: 0o700 })
const disk = join(root, 'bare.qcow2')
const bareBuild = (image: string, ...flags: string[]): Promise<Ran> =>
  run('bash', [bare, 'build', 'dvm-builder', baseDir, templates, image, disk, ...flags])

// Warm: the builder, the bootstrap image and the disk builder exist before anything is measured.
containerfile('warm')
await dvm('base', 'build', '--no-boot-test')
const { stdout: status } = await dvm('base', 'status', '--json')
const bootc = (JSON.parse(status) as { current: { bootcBaseId: string } }).current.bootcBaseId

containerfile('cold')
const coldBare = await bareBuild(bootc, '--no-cache')
const coldDvm = await dvm('base', 'build', '--no-boot-test', '--no-cache')
row('cold build (no layer cache, no boot test)', coldDvm.seconds, coldBare.seconds, '≤ 1.05')
containerfile('changed-bare')
const changedBare = await bareBuild(bootc)
containerfile('changed-dvm')
const changedDvm = await dvm('base', 'build', '--no-boot-test')
row('rebuild after one changed line', changedDvm.seconds, changedBare.seconds, '≤ 1.05')
row('unchanged build', await median(9, () => dvm('base', 'build')), undefined, '< 0.3 s')

await dvm('new', 'bench')
await dvm('sync', 'bench')
const script = join(root, 'setup.sh')
writeFileSync(script, 'true\n')
chmodSync(script, 0o600)
row(
  'no-op sync of a running VM',
  await median(9, () => dvm('sync', 'bench')),
  await median(9, () => run('bash', [bare, 'sync', 'dvm-bench', script])),
  '≤ 0.50',
)
row('ls', await median(9, () => dvm('ls')), await median(9, () => run('limactl', ['list'])), '-')
row(
  '--version',
  await median(21, () => dvm('--version')),
  await median(21, () => run(process.execPath, ['-e', '0'])),
  '+ 40 ms',
)
await dvm('rm', 'bench', '--yes', '--config')

const header = ['what', 'dvm', 'bare commands', 'ratio', 'goal']
const kind = `${cpus().length} cores, ${Math.round(totalmem() / 1024 ** 3)} GiB, ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.versions.node}`
process.stdout.write(`${new Date().toISOString().slice(0, 10)}, ${kind}\n\n`)
for (const line of [header, header.map(() => '---'), ...rows])
  process.stdout.write(`| ${line.join(' | ')} |\n`)
process.stdout.write(
  `\nPeak memory of dvm during a build that streams its disk: ${Math.round(Math.max(coldDvm.peak, changedDvm.peak))} MiB (goal: under 150)\n`,
)
