// One home for all end-to-end files: the built dvm as a child process on the real limactl. Nothing of dvm's own code is used to judge it.
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

const required = (name: string): string => {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set: run npm run e2e`)
  return value
}

const dvmMain = required('DVM_E2E_DVM')
const root = required('DVM_E2E_ROOT')
/** Whose ~/.config, ~/.cache and ~/.local/state the tests use: dvm's default places, in a home of their own. */
export const home = join(root, 'home')
export const configDir = join(home, '.config', 'dvm')
export const baseDir = join(configDir, 'base')
export const cacheDir = join(home, '.cache', 'dvm')
export const stateDir = join(home, '.local', 'state', 'dvm')
export const generations = join(cacheDir, 'base', 'generations')
export const buildLog = join(stateDir, 'base', 'build.log')
export const builder = process.env['DVM_BUILDER_LIMA'] ?? 'dvm-builder'

/** What a person's shell has; dvm's own variables only where a test sets them. */
const inherited =
  /^(PATH|USER|LOGNAME|SHELL|LANG|TERM|LIMA_HOME|CI|QEMU_SYSTEM_.*|.*_proxy|.*_PROXY|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|DVM_BUILDER_(TEMPLATE|LIMA))$/
export const environment = (extra: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      inherited.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  ),
  HOME: home,
  ...extra,
})

export interface Outcome {
  readonly exitCode: number | null
  readonly stdout: string
  /** Without the warning about emulation and a long step's signs of life, and with `(…)` for each step's time: the rest does not depend on the machine. */
  readonly stderr: string
}

export interface Result extends Outcome {
  readonly bytes: Buffer
  readonly signal: NodeJS.Signals | null
}

export interface Options {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Buffer
  /** Keeps stdin open for `type`. */
  readonly interactive?: true
  /** As a terminal does it: signals go to the process and all its children. */
  readonly ownGroup?: true
}

export interface RunningDvm {
  readonly pid: number
  /** What it has told so far. */
  stderr(): string
  /** Resolves when stderr matches; rejects when it ends without. */
  told(pattern: RegExp): Promise<void>
  /** The same for stdout. */
  printed(pattern: RegExp): Promise<void>
  type(text: string): void
  /** Nothing, once it is over. */
  kill(signal: NodeJS.Signals): void
  /** The same, and waits for that process alone. Its output may have other holders: ssh hands it on to the master of its connection. */
  end(signal: NodeJS.Signals): Promise<Result>
  readonly result: Promise<Result>
}

const steady = (stderr: string): string =>
  stderr
    .replace(/^warning: VMs are emulated and many times slower: .*\n/gm, '')
    .replace(/^ {2}… .*\n/gm, '')
    .replace(/ \((?:\d+ min )?[\d.]+ s\)$/gm, ' (…)')

/** Starts a program with dvm's environment and follows what it says. */
export const follow = (file: string, args: readonly string[], options: Options = {}): RunningDvm => {
  const child = spawn(file, args, {
    cwd: home,
    env: environment(options.env),
    stdio: [
      options.input === undefined && options.interactive === undefined ? 'ignore' : 'pipe',
      'pipe',
      'pipe',
    ],
    detached: options.ownGroup ?? false,
  })
  // A command that does not read its input closes it; that is its choice.
  child.stdin?.on('error', () => undefined)
  if (options.interactive === undefined) child.stdin?.end(options.input)
  const out: Buffer[] = []
  let stderr = ''
  let ended = false
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const result = new Promise<Result>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exitCode, signal) => {
      ended = true
      const bytes = Buffer.concat(out)
      resolve({ exitCode, signal, bytes, stdout: bytes.toString(), stderr: steady(stderr) })
    })
  })
  const exited = new Promise((resolve) => child.on('exit', resolve))
  const pid = child.pid ?? 0
  const kill = (signal: NodeJS.Signals): void =>
    void (ended || process.kill(options.ownGroup === undefined ? pid : -pid, signal))
  const says = (pattern: RegExp, text: () => string): Promise<void> =>
    until(`${args.slice(1).join(' ')} says ${String(pattern)}`, () => {
      if (pattern.test(text())) return true
      if (ended) throw new Error(`it ended without saying ${String(pattern)}:\n${text()}${stderr}`)
      return false
    })
  return {
    pid,
    stderr: () => steady(stderr),
    told: (pattern) => says(pattern, () => steady(stderr)),
    printed: (pattern) => says(pattern, () => Buffer.concat(out).toString()),
    type: (text) => void child.stdin?.write(text),
    kill,
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) kill(signal)
      await exited
      child.stdout?.destroy()
      child.stderr?.destroy()
      return result
    },
    result,
  }
}

export const startDvm = (args: readonly string[], options: Options = {}): RunningDvm =>
  follow(process.execPath, [dvmMain, ...args], options)

export const runDvm = (args: readonly string[], options: Options = {}): Promise<Result> =>
  startDvm(args, options).result

/** Exit code, stdout and stderr, as one value to compare. */
export const dvm = async (args: readonly string[], options: Options = {}): Promise<Outcome> => {
  const { exitCode, stdout, stderr } = await runDvm(args, options)
  return { exitCode, stdout, stderr }
}

export interface ForbiddenLima {
  /** Environment in which limactl is a program that only notes that it was called. */
  readonly env: Readonly<Record<string, string>>
  readonly wasCalled: () => boolean
}

export const forbiddenLima = (): ForbiddenLima => {
  const program = join(home, 'no-limactl')
  const calls = `${program}-calls`
  rmSync(calls, { force: true })
  writeFileSync(program, `#!/bin/sh\necho "$*" >> '${calls}'\nexit 1\n`, { mode: 0o755 })
  return { env: { DVM_LIMACTL: program }, wasCalled: () => existsSync(calls) }
}

/** dvm as a shell would type it, for programs that start it themselves. */
export const dvmCommand = (args: readonly string[]): readonly string[] => [process.execPath, dvmMain, ...args]

/** Starts dvm on a terminal of its own. */
export const onTerminal = (args: readonly string[]): RunningDvm => {
  const command = dvmCommand(args)
  const script =
    process.platform === 'darwin'
      ? ['-q', '/dev/null', ...command]
      : ['--quiet', '--return', '--command', command.map((word) => `'${word}'`).join(' '), '/dev/null']
  return follow('script', script, { interactive: true, env: { TERM: 'xterm' } })
}

/** Waits for a condition, ten minutes at most: an emulated machine is slow, a hung one must not hang the suite. */
export const until = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
  const limit = Date.now() + 10 * 60_000
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error(`ten minutes passed and it is still not so: ${what}`)
    await pause(50)
  }
}

/** Waits until a web server behind a port of this machine's loopback answers with that. */
export const answers = (port: number, text: string): Promise<void> =>
  until(`port ${port} answers`, () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      async (answer) => (await answer.text()) === text,
      () => false,
    ),
  )

/** A bash script: in the background, every request on that port of the guest is answered with one line. One that runs already stays. */
export const answering = (port: number, line: string): string =>
  String.raw`{ pgrep -f DVM_E2E_SERVER || exec setsid perl -MIO::Socket::INET -e '$0 = "DVM_E2E_SERVER"; my $s = IO::Socket::INET->new(LocalPort => ${port}, Listen => 5, ReuseAddr => 1) or die; while (my $c = $s->accept) { while (<$c>) { last if /^\r?$/ } print $c "HTTP/1.0 200 OK\r\n\r\n${line}\n"; close $c }'; } </dev/null >/dev/null 2>&1 &
`

export interface LimaInstance {
  readonly name: string
  readonly status: string
  readonly dir: string
}

const run = promisify(execFile)

export const limactl = async (...args: readonly string[]): Promise<string> =>
  (await run('limactl', ['--tty=false', ...args], { env: environment(), maxBuffer: 64 << 20 })).stdout

export const instances = async (): Promise<readonly LimaInstance[]> =>
  (await limactl('list', '--format', 'json'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LimaInstance)

export const instance = async (name: string): Promise<LimaInstance | undefined> =>
  (await instances()).find((each) => each.name === name)

/** Runs a bash script as root in an instance; resolves to what it printed. */
export const asRoot = async (name: string, script: string): Promise<string> => {
  const shell = follow('limactl', ['--tty=false', 'shell', '--workdir', '/', name, 'sudo', 'bash', '-s'], {
    input: script,
  })
  const { exitCode, stdout, stderr } = await shell.result
  if (exitCode !== 0) throw new Error(`a script in ${name} ended with ${exitCode}:\n${stdout}${stderr}`)
  return stdout
}

/** `key=value` lines as an object. */
export const facts = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )

/** What goes on in the builder on dvm's behalf. All empty when nothing does. */
export const remoteWork = async (): Promise<Record<string, string>> =>
  facts(
    await asRoot(
      builder,
      `podman='' sleeping=''
for process in /proc/[0-9]*/cmdline; do
  mapfile -d '' -t argv 2>/dev/null <"$process" || continue
  case "\${argv[*]}" in
  'podman build '* | 'podman run '* | 'podman pull '*) podman+="\${argv[*]};" ;;
  'sleep 86399') sleeping+="\${argv[*]};" ;;
  esac
done
echo "podman=$podman"
echo "sleeping=$sleeping"
echo "units=$(systemctl list-units --all --plain --no-legend --no-pager 'dvm-work-*' | paste --serial)"
echo "files=$(ls -A /var/lib/dvm/work 2>/dev/null | paste --serial)"
`,
    ),
  )

export const idle = { units: '', podman: '', sleeping: '', files: '' }

/** A RUN line that says in the log that it began, and then takes longer than any test. */
export const endless = 'RUN echo begun-$((40 + 2)) && sleep 86399'

/** Begins a build of a Containerfile that ends in `endless`; resolves to what was begun once that line runs. */
export const untilEndless = async (begin: () => RunningDvm): Promise<RunningDvm> => {
  // The log of the build before says the same.
  rmSync(buildLog, { force: true })
  const running = begin()
  await until('the endless RUN line has begun', () => {
    if (running.stderr().includes('✖')) throw new Error(`the build ended early:\n${running.stderr()}`)
    return logText().includes('begun-42')
  })
  return running
}

/** The same for a command that builds. */
export const startEndless = (args: readonly string[], options: Options = {}): Promise<RunningDvm> =>
  untilEndless(() => startDvm(args, options))

export const sha256 = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

export interface BaseFacts {
  readonly current: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** Everything in base/ and in its generations, so that a test sees whatever a failed build leaves. */
  readonly files: readonly string[]
}

/** What is published, read from the files alone. */
export const publishedBase = (): BaseFacts => ({
  current: basename(readlinkSync(join(cacheDir, 'base', 'current'))),
  metadata: JSON.parse(readFileSync(join(cacheDir, 'base', 'metadata.json'), 'utf8')) as Record<
    string,
    unknown
  >,
  files: [
    ...readdirSync(join(cacheDir, 'base')).filter((name) => name !== 'generations'),
    ...readdirSync(generations).flatMap((name) =>
      readdirSync(join(generations, name)).map((file) => `generations/${name}/${file}`),
    ),
  ].sort(),
})

/** The files below base/ when nothing but these generations is there. */
export const filesOf = (...generations: readonly string[]): readonly string[] =>
  [
    'current',
    'disk.qcow2',
    'metadata.json',
    ...generations.flatMap((name) =>
      ['disk.qcow2', 'manifest.json', 'metadata.json'].map((file) => `generations/${name}/${file}`),
    ),
  ].sort()

export const logText = (): string => (existsSync(buildLog) ? readFileSync(buildLog, 'utf8') : '')
