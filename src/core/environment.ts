// The environment variables that dvm reads, decoded once. Only main.ts and start.ts see process.env.
import { DvmError } from './errors.ts'

/** Settings that come from the environment only, never from config.sh. Paths are absolute. */
export interface Environment {
  readonly home: string
  readonly configDir: string
  readonly cacheDir: string
  readonly stateDir: string
  /** The limactl to run: a name on PATH or a path. */
  readonly limactl: string
  readonly limaLogLevel: string
  readonly verbose: boolean
  readonly dryRun: boolean
  readonly color: boolean
  readonly debug: boolean
  readonly rebuildDevBase: boolean
  readonly vmType: string | undefined
  /** What `dvm open` opens. */
  readonly editor: string | undefined
  /** Where the user's Containerfile and its context are. */
  readonly baseDir: string
  /** DVM_BASE_IMAGE: where the base image is; undefined = the cache's own place. */
  readonly baseImage: string | undefined
  readonly flavour: string | undefined
  /** DVM_BOOTC_BASE and DVM_BISC_IMAGE: instead of the pins. */
  readonly bootcBase: string | undefined
  readonly diskBuilder: string | undefined
  /** DVM_CA_BUNDLE: a PEM file with the company's own certificates. */
  readonly caBundle: string | undefined
  /** DVM_REGISTRY_MIRRORS, not yet read. */
  readonly registryMirrors: string | undefined
  readonly builder: {
    readonly instance: string
    readonly template: string | undefined
    /** GiB */
    readonly memory: number | undefined
    /** GiB */
    readonly disk: number | undefined
    readonly cpus: number | undefined
  }
}

/** How switches such as DVM_VERBOSE are read: set, and not to something that means no. */
export const isSet = (value: string | undefined): boolean =>
  !['', '0', 'false', 'no'].includes((value ?? '').toLowerCase())

/** Names that Lima takes, and never that of the boot test's VM, which dvm deletes without asking. */
const builderInstance = (name = 'dvm-builder'): string => {
  if (/^[a-z0-9][a-z0-9._-]*$/i.test(name) && name !== 'dvm-base') return name
  throw new DvmError('config', `DVM_BUILDER_LIMA cannot be "${name}"`, {
    hint: 'unset it, or use a name like dvm-builder2',
  })
}

type Variables = Readonly<Record<string, string | undefined>>

/** The variables that have a value, for a child process. */
export const setOnly = (variables: Variables): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )

/**
 * Decodes the environment.
 * @throws DvmError `config` when a number is not one, or there is no home directory.
 */
export const parseEnvironment = (variables: Variables, cwd: string): Environment => {
  const text = (name: string): string | undefined => {
    const value = variables[name]
    return value === undefined || value === '' ? undefined : value
  }
  const flag = (name: string): boolean => isSet(variables[name])
  const count = (name: string): number | undefined => {
    const value = text(name)
    if (value === undefined) return undefined
    if (/^[1-9]\d{0,5}$/.test(value)) return Number(value)
    throw new DvmError('config', `${name} must be a whole number above 0, not "${value}"`, {
      hint: `unset ${name}`,
    })
  }
  const home = text('HOME')?.replace(/(.)\/+$/, '$1')
  if (home === undefined)
    throw new DvmError('config', 'HOME is not set', { hint: 'export HOME=/your/home/directory' })
  const absolute = (path: string): string => {
    const expanded = path === '~' || path.startsWith('~/') ? home + path.slice(1) : path
    return expanded.startsWith('/') ? expanded : `${cwd}/${expanded}`
  }
  const directory = (name: string, fallback: string): string =>
    absolute(text(name) ?? fallback).replace(/(.)\/+$/, '$1')
  const configDir = directory('DVM_CONFIG_DIR', `${home}/.config/dvm`)
  const baseImage = text('DVM_BASE_IMAGE')
  const caBundle = text('DVM_CA_BUNDLE')
  const verbose = flag('DVM_VERBOSE')
  return {
    home,
    configDir,
    cacheDir: directory('DVM_CACHE_DIR', `${home}/.cache/dvm`),
    stateDir: directory('DVM_STATE_DIR', `${text('XDG_STATE_HOME') ?? `${home}/.local/state`}/dvm`),
    limactl: text('DVM_LIMACTL') ?? 'limactl',
    limaLogLevel: text('DVM_LIMA_LOG_LEVEL') ?? (verbose ? 'info' : 'warn'),
    verbose,
    dryRun: flag('DVM_DRY_RUN'),
    color: text('NO_COLOR') === undefined,
    debug: flag('DVM_DEBUG'),
    rebuildDevBase: flag('DVM_REBUILD_DEV_BASE'),
    vmType: text('DVM_VM_TYPE'),
    editor: text('DVM_EDITOR'),
    baseDir: directory('DVM_BASE_DIR', `${configDir}/base`),
    baseImage: baseImage === undefined ? undefined : absolute(baseImage).replaceAll(/\/(\.?\/)+/g, '/'),
    flavour: text('DVM_FLAVOUR'),
    bootcBase: text('DVM_BOOTC_BASE'),
    diskBuilder: text('DVM_BISC_IMAGE'),
    caBundle: caBundle === undefined ? undefined : absolute(caBundle),
    registryMirrors: text('DVM_REGISTRY_MIRRORS'),
    builder: {
      instance: builderInstance(text('DVM_BUILDER_LIMA')),
      template: text('DVM_BUILDER_TEMPLATE'),
      memory: count('DVM_BUILDER_MEMORY'),
      disk: count('DVM_BUILDER_DISK'),
      cpus: count('DVM_BUILDER_CPUS'),
    },
  }
}
