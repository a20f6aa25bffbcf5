// dvm whose guest is this host, for `dvm cp`: sudo and podman are stubs that run what they are given.
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { below } from './below.ts'
import { dvmOnFake, type DvmOnFake, type Run } from './dvm-on-fake.ts'
import type { Outcome } from './dvm.ts'

/** Runs what follows `--`. */
const sudo = `#!/bin/bash
while [[ $1 != -- ]]; do shift; done
shift
exec "$@"
`

/** A container that is the host: its user is whoever runs this. State is the file beside it, its workspace in `container-workdir`. */
const podman = `#!/bin/bash
state=\${0%/*}/container
case $1 in
container)
	[[ -e $state ]] || { echo "Error: no such container \${!#}" >&2; exit 125; }
	mounted=''
	[[ $4 != *.Mounts* || ! -e $state-workdir ]] || mounted=" $(<"$state-workdir")"
	echo "$(<"$state")$mounted"
	;;
start) echo true >"$state"; echo "$2" ;;
exec)
	[[ $(<"$state") == true ]] || { echo "Error: can only create exec sessions on running containers" >&2; exit 255; }
	# Nobody else than the image's user, as for sh, ssh and setup.sh.
	[[ "$2 $3" == "--interactive --detach-keys=" && $4 == dvm-app-api ]] || exit 64
	shift 4
	[[ ! -e \${0%/*}/no-bash ]] || { echo 'Error: crun: executable file \`bash\` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found' >&2; exit 127; }
	exec "$@"
	;;
*) exit 64 ;;
esac
`

export interface Copying extends DvmOnFake {
  /** A directory that plays the guest's. */
  readonly guest: string
  /** A directory on this side, beside it. */
  readonly host: string
  /** Where the stubs are, first on PATH. */
  readonly bin: string
  readonly cp: (args: readonly string[], options?: Run) => Promise<Outcome>
  /** What copies have left behind on either side, anywhere. */
  readonly leftovers: () => readonly string[]
}

export const copying = (t: TestContext, ssh = true): Copying => {
  const dvm = dvmOnFake(t, { guestMode: 'host', ssh })
  dvm.fake.add({ name: 'dvm-app', status: 'Stopped' })
  const [guest, host, bin] = ['guest', 'host', 'stubs'].map((name) => join(dvm.home, name)) as [
    string,
    string,
    string,
  ]
  for (const directory of [guest, host]) mkdirSync(directory)
  for (const [name, text] of Object.entries({ sudo, podman }))
    chmodSync(dvm.write(join('stubs', name), text), 0o700)
  const env = { PATH: `${bin}:${dvm.fake.variables['PATH']}` }
  return {
    ...dvm,
    guest,
    host,
    bin,
    cp: (args, options = {}) => dvm.run(['cp', ...args], { ...options, env: { ...env, ...options.env } }),
    leftovers: () =>
      [guest, host].flatMap((directory) => below(directory).filter((name) => name.includes('.dvm-cp-'))),
  }
}
