// What is asked of rootless podman in a VM, as pure argv arrays.
import { proxyVariables } from '../../core/network.ts'
import { trustRunArgs } from '../../core/trust.ts'
import type { ContainerSpec } from '../../core/project.ts'
import { containerOf, type ProjectTarget } from '../../core/target.ts'

export interface NewContainer extends ContainerSpec {
  /** The company's certificates are in it. */
  readonly trust: boolean
}

/** Labels that tell whose a container is and what it was made from. */
export const labels = { vm: 'dvm.vm', project: 'dvm.project', spec: 'dvm.spec' } as const

/**
 * The container of a project. It does nothing but live: people and setup.sh come in by exec. Its ports are on the VM's loopback, from
 * where Lima forwards them.
 */
export const runArgs = (target: ProjectTarget, { trust, ...spec }: NewContainer): readonly string[] => {
  const name = containerOf(target)
  return [
    'run',
    '--detach',
    '--name',
    name,
    '--hostname',
    target.project,
    '--restart=always',
    // They come with each exec: kept here, they would be those of the day that it was made.
    '--http-proxy=false',
    // Reaps what an exec leaves behind, and ends at once when it is stopped.
    '--init',
    '--label',
    `${labels.vm}=${target.vm}`,
    '--label',
    `${labels.project}=${target.project}`,
    '--label',
    `${labels.spec}=${JSON.stringify(spec)}`,
    '--volume',
    `${name}:${spec.workdir}`,
    '--workdir',
    spec.workdir,
    ...spec.ports.flatMap((port) => ['--publish', `127.0.0.1:${port}`]),
    // sshd's, for `ssh PROJECT.VM.dvm`; podman gave it to every container until 4.4.
    '--cap-add=SYS_CHROOT',
    ...(trust ? trustRunArgs : []),
    ...(spec.nested ? ['--device', '/dev/fuse', '--security-opt', 'label=disable'] : []),
    '--entrypoint',
    'sleep',
    spec.image,
    'infinity',
  ]
}

/** Whether a container runs, and where its workspace is: where its volume is mounted, whoever made it. */
export const inspectFormat = (target: ProjectTarget): string =>
  `{{.State.Running}} {{range .Mounts}}{{if eq .Name "${containerOf(target)}"}}{{.Destination}}{{end}}{{end}}`

export const inspectArgs = (target: ProjectTarget): readonly string[] => [
  'container',
  'inspect',
  '--format',
  inspectFormat(target),
  containerOf(target),
]

export interface ExecOptions {
  readonly workdir: string
  readonly tty: boolean
  readonly stdin: boolean
  /** For a terminal. */
  readonly term?: string | undefined
}

/** Into a container as the user that its image names: whoever comes in, by whatever way, meets files that are theirs. */
export const execArgs = (
  target: ProjectTarget,
  { workdir, tty, stdin, term }: ExecOptions,
  argv: readonly string[],
): readonly string[] => [
  'exec',
  // podman would take Ctrl-P Ctrl-Q for its own, on a terminal and in bytes that are piped in.
  ...(stdin ? ['--interactive', '--detach-keys='] : []),
  ...(tty ? ['--tty'] : []),
  ...(term === undefined ? [] : ['--env', `TERM=${term}`]),
  // By name: podman takes the values from its own variables, and passes on only those that are set.
  ...proxyVariables.flatMap((name) => ['--env', name]),
  '--workdir',
  workdir,
  containerOf(target),
  ...argv,
]
