// A project's configuration, what its container is made from, and how the two have moved apart. Pure.
import { parsePorts, type PortForward } from './config.ts'
import { Problems, show } from './decode.ts'
import { devBaseTag, isBehindDevBase } from './dev-base.ts'
import { DvmError } from './errors.ts'
import type { RawValues } from './raw-values.ts'

export const projectVariables = ['IMAGE', 'NESTED', 'PROJ_WORKDIR', 'PROJ_PORTS'] as const

export interface ProjectConfig {
  /** Undefined: the VM's default image. */
  readonly image: string | undefined
  /** Containers inside the container. */
  readonly nested: boolean
  /** Where the workspace is mounted, in the container. */
  readonly workdir: string
  /** `host` is a port of the VM's loopback, which Lima forwards. */
  readonly ports: readonly PortForward[]
}

export const defaultWorkdir = '/work'

/** What is fixed when a container is made. Kept on it as a label, to be compared with later. */
export interface ContainerSpec {
  readonly image: string
  readonly nested: boolean
  readonly workdir: string
  /** `host:guest` */
  readonly ports: readonly string[]
}

const isImage = (text: string): boolean => /^[a-zA-Z0-9][\w.:/@-]*$/.test(text)

/** Absolute and plain: `:` and `,` are syntax of a volume, `..` leads somewhere else than it says. */
const isWorkdir = (text: string): boolean =>
  /^\/[^:,\p{Cc}]+$/u.test(text) && /[^/]/.test(text) && !text.split('/').some((part) => part === '..')

/**
 * Checks what project.sh said.
 * @throws DvmError `config` with every problem, each with its variable and file.
 */
export const parseProjectConfig = (raw: RawValues): ProjectConfig => {
  const problems = new Problems(raw)
  const image = problems.text('IMAGE')
  if (image !== undefined && !isImage(image))
    problems.add('IMAGE', `must be an image reference, not ${show(image)}`)
  const nested = problems.text('NESTED') ?? '0'
  if (!/^[01]$/.test(nested)) problems.add('NESTED', `must be 0 or 1, not ${show(nested)}`)
  const workdir = problems.text('PROJ_WORKDIR') ?? defaultWorkdir
  if (!isWorkdir(workdir))
    problems.add(
      'PROJ_WORKDIR',
      `must be an absolute path below the root, without ":", "," and "..", not ${show(workdir)}`,
    )
  const config = { image, nested: nested === '1', workdir, ports: parsePorts('PROJ_PORTS', problems) }
  problems.throwIfAny()
  return config
}

/**
 * The loopback of a VM is shared by its projects, and what it forwards itself comes out at the same place: a port answers for one.
 * @param own what DVM_PORTS of the VM gives; the same number on both sides leaves the port to whoever has it inside
 * @throws DvmError `config` naming both that a port of this machine is given to.
 */
export const checkPorts = (
  vm: string,
  own: readonly PortForward[],
  projects: readonly { readonly name: string; readonly ports: readonly PortForward[] }[],
): void => {
  const taken = new Map(
    own.filter(({ host, guest }) => host !== guest).map(({ host }) => [host, `DVM_PORTS of ${vm}`]),
  )
  for (const { name, ports } of projects)
    for (const { host } of ports) {
      const other = taken.get(host)
      if (other !== undefined)
        throw new DvmError(
          'config',
          `port ${host} of this machine is given twice: by ${other} and by ${name}`,
          {
            hint: `give ${name} another one in its PROJ_PORTS`,
          },
        )
      taken.set(host, name)
    }
}

export const specOf = (config: ProjectConfig, defaultImage: string): ContainerSpec => ({
  image: config.image ?? defaultImage,
  nested: config.nested,
  workdir: config.workdir,
  ports: config.ports.map(({ host, guest }) => `${host}:${guest}`),
})

/** Reads a label; undefined for one that no dvm wrote. */
export const parseSpec = (label: string | undefined): ContainerSpec | undefined => {
  let value: unknown
  try {
    value = JSON.parse(label ?? '')
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { image, nested, workdir, ports } = value as Record<string, unknown>
  const complete =
    typeof image === 'string' &&
    typeof nested === 'boolean' &&
    typeof workdir === 'string' &&
    Array.isArray(ports) &&
    ports.every((port) => typeof port === 'string')
  return complete ? { image, nested, workdir, ports } : undefined
}

/** What is known of a container. */
export interface MadeContainer {
  readonly spec: ContainerSpec | undefined
  readonly imageId: string
}

/** How a container and what it would be made from now have moved apart, in a person's words. Empty when they agree. */
export const containerDrift = (
  { spec, imageId }: MadeContainer,
  wanted: ContainerSpec,
  images: Parameters<typeof isBehindDevBase>[1],
): string[] => [
  ...specDrift(spec, wanted),
  ...(spec?.image === wanted.image && isBehindDevBase({ image: spec.image, imageId }, images)
    ? [`an older build of ${devBaseTag}`]
    : []),
]

/** What project.sh says that the container is not. */
export const specDrift = (made: ContainerSpec | undefined, wanted: ContainerSpec): string[] => {
  if (made === undefined) return ['it was not made by this dvm']
  const named = (name: string, before: string, after: string): string[] =>
    before === after ? [] : [`${name} ${before || 'none'} (project.sh: ${after || 'none'})`]
  return [
    ...named('image', made.image, wanted.image),
    ...named('workdir', made.workdir, wanted.workdir),
    ...named('ports', made.ports.join(' '), wanted.ports.join(' ')),
    ...named('nested', made.nested ? '1' : '0', wanted.nested ? '1' : '0'),
  ]
}
