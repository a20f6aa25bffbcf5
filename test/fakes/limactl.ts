// A strict stand-in for limactl 2.2.0: only the commands and flags that dvm uses, with the real one's wording and exit codes
// (captured; test/contract/lima.contract.ts holds the two together). Exits 64 where dvm is wrong.
import { copyFileSync, cpSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { firstSshPort } from './lima-ssh-config.ts'
import type { FakeInstance } from './state.ts'
import {
  allInstances,
  answerLimactl,
  findInstance,
  journal,
  limaHome,
  readScript,
  refuse,
  removeInstance,
  runInGuest,
  saveInstance,
} from './state.ts'

const GiB = 1024 ** 3
const argv = process.argv.slice(2)
const script = readScript()

const log = (level: string, msg: string): void => {
  process.stderr.write(`${JSON.stringify({ level, msg, time: '2026-01-02T03:04:05Z' })}\n`)
}
const fatal = (msg: string): never => {
  log('fatal', msg)
  process.exit(1)
}

if (script.root === true) {
  process.stderr.write('limactl: must not run as the root user\n')
  process.exit(1)
}

const [tty, format, level, command = '', ...rest] = argv
if (
  tty !== '--tty=false' ||
  format !== '--log-format=json' ||
  !/^--log-level=(trace|debug|info|warn|error)$/.test(level ?? '')
)
  refuse(`limactl: expected --tty=false --log-format=json --log-level=LEVEL first, got: ${argv.join(' ')}`)
const chatty = /=(info|debug|trace)$/.test(level ?? '')
const info = (msg: string): void => {
  if (chatty) log('info', msg)
}

/** Splits into flags (each must be in `known`, given as a pattern) and words. */
const parseArgs = (
  known: readonly RegExp[],
  words: number,
): { flags: Map<string, string[]>; words: string[] } => {
  const flags = new Map<string, string[]>()
  const plain: string[] = []
  for (const arg of rest)
    if (arg.startsWith('-')) {
      if (!known.some((pattern) => pattern.test(arg)))
        refuse(`limactl ${command}: not a flag of limactl, or not with that value: ${arg}`)
      const [name = '', value = ''] = arg.split(/=(.*)/s)
      flags.set(name, [...(flags.get(name) ?? []), value])
    } else plain.push(arg)
  if (plain.length !== words)
    refuse(`limactl ${command}: expected ${words} arguments, got: ${plain.join(' ')}`)
  return { flags, words: plain }
}

const knownTemplates = new Set(['default', 'fedora', 'debian', 'debian-13', 'fedora-44'])

/** The size of a disk image in bytes: qcow2's header says, a raw file is its own size. */
const imageSize = (path: string): number => {
  const header = Buffer.alloc(32)
  readSync(openSync(path, 'r'), header, 0, 32, 0)
  return header.toString('latin1', 0, 4) === 'QFI\u00FB'
    ? Number(header.readBigUInt64BE(24))
    : statSync(path).size
}

const checkImage = async (name: string, template: string, disk: number): Promise<void> => {
  const { parse } = await import('yaml')
  const document = parse(readFileSync(template, 'utf8')) as { images?: { location?: string }[] } | null
  const location = document?.images?.[0]?.location
  if (location === undefined) return fatal('field `images` must be set')
  if (!location.startsWith('/')) return undefined
  if (!existsSync(location))
    return fatal(
      `failed to download \`${location}\`: failed to open source ${location}: open ${location}: no such file or directory`,
    )
  if (imageSize(location) <= disk * GiB) return undefined
  // The real one fails here after it has made the instance.
  saveInstance(newInstance(name, template, { disk }))
  return fatal('disk shrinking is not supported')
}

const newInstance = (
  name: string,
  template: string,
  sizes: { cpus?: number; memory?: number; disk?: number },
): FakeInstance => ({
  name,
  status: 'Stopped',
  cpus: sizes.cpus ?? 4,
  memory: sizes.memory ?? 4,
  disk: sizes.disk ?? 100,
  vmType: 'qemu',
  template,
  portForwards: [],
})

/** Fields by Go's names, as `limactl list --list-fields` says them. */
const fieldsOf = (instance: FakeInstance): Readonly<Record<string, unknown>> => {
  const dir = join(limaHome, instance.name)
  const running = instance.status === 'Running'
  return {
    Name: instance.name,
    Hostname: `lima-${instance.name}`,
    Status: instance.status,
    Dir: dir,
    VMType: instance.vmType,
    Arch: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    CPUs: instance.cpus,
    Memory: instance.memory * GiB,
    Disk: instance.disk * GiB,
    SSHLocalPort: running ? (instance.sshPort ?? firstSshPort) : 0,
    SSHConfigFile: join(dir, 'ssh.config'),
    Errors: instance.status === 'Broken' ? [{}] : null,
    SSHAddress: '127.0.0.1',
    Protected: instance.protected === true,
    LimaVersion: '2.2.0',
  }
}

/** A line for it: `json`, or a Go template with `{{json .Field}}` in it. */
const show = (instance: FakeInstance, template: string): void => {
  const fields = fieldsOf(instance)
  if (template === 'json') {
    // Go leaves out what is empty.
    const filled = Object.entries(fields).filter(([, value]) => value !== null && value !== 0)
    const named = filled.map(([name, value]) => [
      name.replace(/^(SSH|VM|CPU|[A-Z])/, (head) => head.toLowerCase()),
      value,
    ])
    process.stdout.write(`${JSON.stringify(Object.fromEntries(named))}\n`)
    return
  }
  const line = template.replaceAll(/\{\{(.*?)\}\}/g, (_, action: string) => {
    const [, field = ''] = /^json \.(\w+)$/.exec(action) ?? []
    if (!(field in fields)) refuse(`limactl list: not a field of an instance: ${action}`)
    return JSON.stringify(fields[field])
  })
  process.stdout.write(`${line}\n`)
}

const create = async (): Promise<void> => {
  const number = (flag: string): RegExp => new RegExp(`^--${flag}=\\d+(\\.\\d+)?$`)
  const { flags, words } = parseArgs(
    [
      /^--name=[A-Za-z0-9][\w.-]*$/,
      /^--mount-none$/,
      /^--containerd=none$/,
      /^--cpus=\d+$/,
      number('memory'),
      number('disk'),
      /^--vm-type=\w+$/,
      /^--port-forward=\d+:\d+(,static=(true|false))?$/,
    ],
    1,
  )
  const one = (flag: string): string | undefined => flags.get(flag)?.at(-1)
  const name = one('--name') ?? refuse('limactl create: no --name')
  const template = words[0] ?? ''
  if (!flags.has('--mount-none'))
    refuse('limactl create: dvm never shares a host folder, but --mount-none is missing')
  const vmType = one('--vm-type') ?? 'qemu'
  if (findInstance(name) !== undefined) fatal(`instance \`${name}\` already exists`)
  if (vmType !== 'qemu') fatal(`failed to create driver instance: unknown or unsupported VM type: ${vmType}`)
  const disk = Number(one('--disk') ?? 100)
  const url = /^template:(.+)$/.exec(template)?.[1]
  if (url === undefined) {
    if (!existsSync(template)) fatal(`open ${template}: no such file or directory`)
    await checkImage(name, template, disk)
  } else if (!knownTemplates.has(url)) fatal(`template \`${url}.yaml\` not found`)
  saveInstance({
    ...newInstance(name, template, {
      cpus: Number(one('--cpus') ?? 4),
      memory: Number(one('--memory') ?? 4),
      disk,
    }),
    vmType,
    portForwards: flags.get('--port-forward') ?? [],
  })
  info(`Run \`limactl start ${name}\` to start the instance.`)
}

const start = (): void => {
  const { words } = parseArgs([/^--timeout=\d+s$/], 1)
  const name = words[0] ?? ''
  const instance = findInstance(name)
  if (instance === undefined) {
    if (process.env['LIMA_TEMPLATES_PATH'] !== '/proc/dvm-has-no-templates')
      refuse(`limactl start: would make "${name}" from the default template`)
    log('warning', `This form is deprecated. Use \`limactl create --name=${name} template:default\` instead`)
    return fatal('template `default.yaml` not found')
  }
  if (instance.status === 'Running') return info(`The instance \`${name}\` is already running.`)
  if (instance.status === 'Broken')
    return fatal('errors inspecting instance: [failed to connect to `ha.sock`: no such file]')
  info(`Starting the instance \`${name}\` with internal VM driver \`qemu\``)
  const sshPort = (instance.sshPort ?? firstSshPort - 1) + 1
  saveInstance({ ...instance, status: 'Running', sshPort })
  return info('READY.')
}

const stop = (): void => {
  const { flags, words } = parseArgs([/^--force$/], 1)
  const name = words[0] ?? ''
  const instance =
    findInstance(name) ?? fatal(`open ${join(limaHome, name, 'lima.yaml')}: no such file or directory`)
  if (!flags.has('--force') && instance.status !== 'Running')
    fatal(`expected status \`Running\`, got \`${instance.status}\` (maybe use \`limactl stop -f\`?)`)
  saveInstance({ ...instance, status: 'Stopped' })
}

const remove = (): void => {
  const { flags, words } = parseArgs([/^--force$/], 1)
  const name = words[0] ?? ''
  const instance = findInstance(name)
  if (instance === undefined) return log('warning', `Ignoring non-existent instance \`${name}\``)
  const why = `failed to delete instance \`${name}\`:`
  if (instance.protected === true)
    return fatal(
      `${why} instance is protected to prohibit accidental removal (Hint: use \`limactl unprotect\`)`,
    )
  if (!flags.has('--force') && instance.status !== 'Stopped')
    return fatal(`${why} expected status \`Stopped\`, got \`${instance.status}\``)
  return removeInstance(name)
}

const reachable = (name: string): void => {
  const instance = findInstance(name)
  if (instance === undefined)
    fatal(`instance \`${name}\` does not exist, run \`limactl create ${name}\` to create a new instance`)
  if (instance?.status === 'Stopped')
    fatal(`instance \`${name}\` is stopped, run \`limactl start ${name}\` to start the instance`)
}

const shell = async (): Promise<void> => {
  const [flag, workdir = '', name = '', separator, ...guest] = rest
  if (flag !== '--workdir' || name.startsWith('-'))
    refuse('limactl shell: expected --workdir DIR NAME [-- COMMAND...]')
  if (separator !== undefined && (separator !== '--' || guest.length === 0))
    refuse('limactl shell: expected -- before the command')
  reachable(name)
  await runInGuest({ program: 'limactl', argv }, { argv: guest, workdir })
}

const copy = (): void => {
  const { flags, words } = parseArgs([/^--backend=scp$/, /^--recursive$/], 2)
  const paths = words.map((word) => {
    const [before = '', after] = word.split(/:(.*)/s)
    if (after === undefined) return word
    reachable(before)
    return after
  })
  const [from = '', to = ''] = paths
  if (!existsSync(from)) {
    process.stderr.write(`scp: stat local "${from}": No such file or directory\n`)
    process.exit(255)
  }
  if (flags.has('--recursive')) cpSync(from, to, { recursive: true })
  else copyFileSync(from, to)
}

const list = (): void => {
  const [flag, format = '', ...more] = rest
  if (flag !== '--format' || !(format === 'json' || format.includes('{{')) || more.length > 0)
    refuse(`limactl list: expected --format json or a template, got: ${rest.join(' ')}`)
  const instances = allInstances()
  if (instances.length === 0) log('warning', 'No instance found. Run `limactl create` to create an instance.')
  for (const instance of instances) show(instance, format)
}

const commands: Readonly<Record<string, () => void | Promise<void>>> = {
  '--version': () => void process.stdout.write(`limactl version ${script.version ?? '2.2.0'}\n`),
  info: () => void process.stdout.write(`${JSON.stringify({ vmTypes: ['qemu'] })}\n`),
  list,
  create,
  start,
  stop,
  delete: remove,
  shell,
  copy,
}

if (command !== 'shell') journal({ program: 'limactl', argv })
await answerLimactl(script.limactl, [command, ...rest])
await (commands[command] ?? (() => refuse(`limactl: not a command that dvm uses: ${command}`)))()
