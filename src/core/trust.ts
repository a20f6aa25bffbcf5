// How a company's certificates get into containers: which files of a VM they see, and by which variables programs find them.

/** In a VM: a copy of its whole store of authorities, and settings that name it. See templates/guest/network.sh. */
export const trustDirectory = '/etc/dvm/trust'

/** The same in a container. Below /dev, which is in no image. */
const inContainer = '/dev/dvm-ca'
const bundle = `${inContainer}/bundle.pem`

/** For programs of a VM that look past its store, into which the certificates go as well. */
export const vmTrust: readonly (readonly [string, string])[] = [
  'NODE_EXTRA_CA_CERTS',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
].map((name) => [name, `${trustDirectory}/bundle.pem`])

/** No two families of tools read the same variable. */
const containerVariables: readonly string[] = [
  ...[
    'SSL_CERT_FILE',
    'CURL_CA_BUNDLE',
    'GIT_SSL_CAINFO',
    'CARGO_HTTP_CAINFO',
    'NODE_EXTRA_CA_CERTS',
    'PIP_CERT',
    'REQUESTS_CA_BUNDLE',
  ].map((name) => `${name}=${bundle}`),
  `APT_CONFIG=${inContainer}/apt.conf`,
]

/** For `podman run`: what its exec sees, too, which is not so for a device's variables. */
export const trustRunArgs: readonly string[] = [
  '--volume',
  `${trustDirectory}:${inContainer}:ro`,
  ...containerVariables.flatMap((variable) => ['--env', variable]),
]

/**
 * For `podman build`: a device of the Container Device Interface, which brings files and variables for as long as a RUN line runs. The one
 * way that leaves nothing behind: `--env` stays in the image's settings, and a file that is mounted where the image has none leaves an
 * empty one, but not below /dev.
 */
export const trustDevice = 'dvm.local/network=ca'

interface Mount {
  readonly hostPath: string
  readonly containerPath: string
}

const renderDevice = (mounts: readonly Mount[]): string => {
  const [kind = '', name = ''] = trustDevice.split('=')
  const containerEdits = {
    env: containerVariables,
    mounts: mounts.map((mount) => ({ ...mount, options: ['ro', 'rbind', 'rprivate'] })),
  }
  return `${JSON.stringify({ cdiVersion: '0.5.0', kind, devices: [{ name, containerEdits }] }, undefined, 2)}\n`
}

const directory: Mount = { hostPath: trustDirectory, containerPath: inContainer }

/** What a VM knows the device by. */
export const trustDeviceFile = renderDevice([directory])

/** The same where images have dnf5, which knows no variable for it. dvm's own images hold the file; in others an empty one stays. */
export const trustDeviceFileForDnf = renderDevice([
  directory,
  { hostPath: `${trustDirectory}/dnf.conf`, containerPath: '/etc/dnf/libdnf5.conf.d/50-dvm.conf' },
])

export const aptTrust = `Acquire::https::CaInfo "${bundle}";\n`
export const dnfTrust = `[main]\nsslcacert=${bundle}\n`
