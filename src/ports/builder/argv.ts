// Commands that run inside the builder, as pure argv arrays. The builder is the only place where a privileged container runs.
import { trustDevice } from '../../core/trust.ts'

/** The disk builder's container, so that a second one at the same time is refused by podman. */
export const diskContainer = 'dvm-disk-builder'

/**
 * Long work runs as a transient systemd unit: when dvm is killed or its connection drops, the unit can still be found
 * and stopped by name, which no process started over ssh can promise.
 */
export const asUnit = (unit: string, argv: readonly string[]): string[] => [
  'sudo',
  'systemd-run',
  '--quiet',
  '--pipe',
  '--wait',
  '--collect',
  `--unit=${unit}`,
  '--setenv=HOME=/root',
  // The host's proxies, when there are any: podman and package managers take them from here, and no argument shows a password.
  '--property=EnvironmentFile=-/etc/dvm/network.env',
  '--working-directory=/',
  '--',
  ...argv,
]

export interface BuildSpec {
  readonly containerfile: string
  readonly context: string
  readonly tag: string
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly noCache?: boolean
  /** Its RUN lines trust the company's certificates; nothing of that reaches the image. */
  readonly trust?: boolean
}

export const podmanBuild = ({
  containerfile,
  context,
  tag,
  buildArgs = {},
  labels = {},
  noCache = false,
  trust = false,
}: BuildSpec): string[] => [
  'podman',
  'build',
  '--file',
  containerfile,
  '--tag',
  tag,
  // One resolver and no bridge: saves a name resolution layer in every RUN.
  '--network',
  'host',
  '--layers',
  ...(noCache ? ['--no-cache'] : []),
  ...(trust ? ['--device', trustDevice] : []),
  ...Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
  ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
  context,
]

/** Runs a script from stdin in an image, without network. */
export const podmanScript = (image: string): string[] => [
  'podman',
  'run',
  '--rm',
  '--interactive',
  '--network',
  'none',
  '--pull',
  'never',
  '--entrypoint',
  'bash',
  image,
  '-s',
]

export interface DiskSpec {
  /** The disk builder: a reference with a digest, or the id of an image made in the builder. */
  readonly builder: string
  readonly image: string
  readonly output: string
  readonly rootfs: string
  /** dvm's own disk builder needs no network; the pinned one may ask for packages. */
  readonly network: 'none' | 'host'
  readonly options: readonly string[]
}

/** The options that both generations of bootc-image-builder need of podman and of themselves. */
export const diskBuild = ({ builder, image, output, rootfs, network, options }: DiskSpec): string[] => [
  'podman',
  'run',
  '--rm',
  '--name',
  diskContainer,
  '--privileged',
  '--pull',
  'never',
  '--network',
  network,
  '--security-opt',
  'label=type:unconfined_t',
  '--volume',
  '/var/lib/containers/storage:/var/lib/containers/storage',
  '--volume',
  `${output}:/output`,
  builder,
  '--type',
  'qcow2',
  '--rootfs',
  rootfs,
  ...options,
  image,
]
