// What the fake limactl and the fake ssh share: instances as files in $FAKE_STATE, a journal of every call, the test's script.
import { spawn } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { limaSshConfig } from './lima-ssh-config.ts'

export interface FakeInstance {
  readonly name: string
  status: 'Stopped' | 'Running' | 'Broken'
  readonly cpus: number
  /** GiB */
  readonly memory: number
  /** GiB */
  readonly disk: number
  readonly vmType: string
  readonly template: string
  readonly portForwards: readonly string[]
  protected?: boolean
  /** Another one at each start, as Lima does it; 0 or none before the first. */
  sshPort?: number
}

/** An answer that the test has put in place of the fake's own, for calls whose words start with `match`. */
export interface Answer {
  readonly match: readonly string[]
  /** A word that is anywhere among them. */
  readonly has?: string
  /** How often; for ever when left out. */
  readonly times?: number
  readonly exitCode?: number
  readonly stdout?: string
  /** The same for what is no text, in base64. */
  readonly bytes?: string
  readonly stderr?: string
  /** Never ends by itself. */
  readonly hang?: boolean
  /** The command does not read its stdin, which may then be open for as long as it runs. */
  readonly unread?: boolean
}

export interface Script {
  /** The version that limactl prints. */
  readonly version?: string
  /** True: limactl speaks as it does to root. */
  readonly root?: boolean
  /** True: instances get an ssh configuration and a control socket, so that dvm uses (the fake) ssh. */
  readonly ssh?: boolean
  /** `scripted` (default): guest commands get `guest`'s answers, or exit 0 and nothing. `host`: they run on this host. */
  readonly guestMode?: 'scripted' | 'host'
  readonly limactl?: readonly Answer[]
  readonly guest?: readonly Answer[]
}

export interface JournalEntry {
  readonly program: 'limactl' | 'ssh'
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** For guest calls: what the guest was asked to run, and what it was fed. */
  readonly guest?: { readonly argv: readonly string[]; readonly workdir: string; readonly stdin: string }
}

const root = process.env['FAKE_STATE'] ?? ''
if (root === '') {
  process.stderr.write('fake: FAKE_STATE is not set\n')
  process.exit(64)
}
export const limaHome = join(root, 'lima')

const recorded = ['QEMU_SYSTEM_X86_64', 'QEMU_SYSTEM_AARCH64', 'LIMA_TEMPLATES_PATH', 'TERM']

export const journal = (entry: Omit<JournalEntry, 'environment'>): void => {
  const environment = Object.fromEntries(
    recorded.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
  appendFileSync(join(root, 'journal.jsonl'), `${JSON.stringify({ ...entry, environment })}\n`)
}

export const readScript = (): Script => {
  const file = join(root, 'script.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Script) : {}
}

/** Refuses what the real one would refuse, so loudly that no test can mistake it for an ordinary failure. */
export const refuse = (why: string): never => {
  process.stderr.write(`fake: ${why}\n`)
  process.exit(64)
}

const instanceFile = (name: string): string => join(limaHome, name, 'fake.json')

export const findInstance = (name: string): FakeInstance | undefined =>
  existsSync(instanceFile(name))
    ? (JSON.parse(readFileSync(instanceFile(name), 'utf8')) as FakeInstance)
    : undefined

export const allInstances = (): FakeInstance[] =>
  existsSync(limaHome)
    ? readdirSync(limaHome)
        .sort()
        .flatMap((name) => findInstance(name) ?? [])
    : []

export const saveInstance = (instance: FakeInstance): void => {
  const directory = join(limaHome, instance.name)
  mkdirSync(directory, { recursive: true })
  writeFileSync(instanceFile(instance.name), JSON.stringify(instance))
  rmSync(join(directory, 'ssh.sock'), { force: true })
  if (instance.status !== 'Running') return
  writeFileSync(join(directory, 'ssh.config'), limaSshConfig(instance, directory, dirname(directory)))
  if (readScript().ssh === true) writeFileSync(join(directory, 'ssh.sock'), '')
}

export const removeInstance = (name: string): void =>
  rmSync(join(limaHome, name), { recursive: true, force: true })

/** The first scripted answer for these words that is not used up. Claiming a use is atomic: calls may run side by side. */
const takeAnswer = (kind: string, answers: readonly Answer[], words: readonly string[]): Answer | undefined =>
  answers.find((answer, index) => {
    if (!answer.match.every((word, at) => words[at] === word)) return false
    if (answer.has !== undefined && !words.includes(answer.has)) return false
    if (answer.times === undefined) return true
    mkdirSync(join(root, 'used'), { recursive: true })
    for (let use = 0; use < answer.times; use += 1)
      try {
        writeFileSync(join(root, 'used', `${kind}-${index}-${use}`), '', { flag: 'wx' })
        return true
      } catch {
        continue
      }
    return false
  })

/** Ends limactl as scripted, if there is an answer. */
export const answerLimactl = async (
  answers: readonly Answer[] | undefined,
  words: readonly string[],
): Promise<void> => give(takeAnswer('limactl', answers ?? [], words))

const give = async (answer: Answer | undefined): Promise<void> => {
  if (answer === undefined) return
  const said = answer.stdout ?? Buffer.from(answer.bytes ?? '', 'base64')
  // To its end: more than a pipe holds would be cut off by the exit below.
  await new Promise((resolve) => process.stdout.write(said, resolve))
  process.stderr.write(answer.stderr ?? '')
  // Until its test is over: one that killed dvm has nobody left who would stop this.
  while (answer.hang === true && existsSync(root)) await sleep(500)
  process.exit(answer.exitCode ?? 0)
}

const readStdin = async (): Promise<Buffer> => {
  if (process.stdin.isTTY) return Buffer.alloc(0)
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Runs what the guest would run. `line` is for a shell (ssh has no argv); without it the words are the command. */
export const runInGuest = async (
  entry: Pick<JournalEntry, 'program' | 'argv'>,
  guest: {
    readonly argv: readonly string[]
    readonly workdir: string
    readonly line?: string
    readonly stdin?: boolean
  },
): Promise<void> => {
  const script = readScript()
  const { argv, workdir, line } = guest
  if (script.guestMode !== 'host') {
    const answer = takeAnswer('guest', script.guest ?? [], argv)
    const stdin = guest.stdin === false || answer?.unread === true ? '' : (await readStdin()).toString()
    journal({ ...entry, guest: { argv, workdir, stdin } })
    await give(answer)
    process.exit(0)
  }
  journal({ ...entry, guest: { argv, workdir, stdin: '' } })
  const [file = '/bin/sh', ...args] = line === undefined ? argv : ['/bin/sh', '-c', line]
  const child = spawn(file, args, {
    cwd: line === undefined ? workdir : '/',
    stdio: 'inherit',
    env: { PATH: process.env['PATH'], SHELL: '/bin/sh', HOME: '/' },
  })
  child.on('error', () => process.exit(existsSync(workdir) ? 127 : 1))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 255)))
}
