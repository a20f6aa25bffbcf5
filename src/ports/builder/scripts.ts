// Scripts that the builder runs beside builds: what a killed build left goes, what a power cut damaged is found, what was made is sent.
import { oldDevBases } from '../../core/dev-base.ts'
import { builderRoot, outputRoot, workRoot } from '../../core/builder-paths.ts'

/** Before the provisioning marker in the output of `markerScript`. */
export const markerMark = '::dvm marker::'
/** Follows another script. A builder that was never provisioned has no such file. */
export const markerScript = `echo '${markerMark}'
if [ -e ${builderRoot}/provisioned ]; then cat ${builderRoot}/provisioned; fi
`

/** Holds the id of the boot during which images are being written. */
const busyMark = `${builderRoot}/busy`
/** There is an outgoing dev-base to remove. */
const outgoingMark = `${builderRoot}/outgoing-dev-base`
/** True in a shell when that was another boot than this one. Nobody but the repair takes the mark away then. */
const wentDown = `[ -s ${busyMark} ] && [ "$(cat ${busyMark})" != "$(cat /proc/sys/kernel/random/boot_id)" ]`

const removeContainers = `containers=$(podman ps --all --external --quiet 2>/dev/null)
if [ -n "$containers" ]; then podman rm --force --ignore --time 0 $containers >/dev/null 2>&1; fi`

// Fixed scripts without values: work units first, then what outlives them, then files. What a RUN line started lives in a scope of its own
// beside podman's unit, and a build that was killed leaves its working containers in podman's storage.
export const sweepScript = `set -u
${oldDevBases}
systemctl stop 'dvm-work-*' dvm-settle 2>/dev/null
systemctl kill --signal=KILL 'crun-buildah-*.scope' 'runc-buildah-*.scope' 2>/dev/null
${removeContainers}
rm -rf /run/crun/buildah-* /var/tmp/buildah[0-9]* ${workRoot}
install -d -m 0700 ${workRoot}
${wentDown} && exit 0
if [ "$1" = begin ]; then
  cat /proc/sys/kernel/random/boot_id > ${busyMark}
  sync ${busyMark}
  install -d -m 0700 ${outputRoot}
  if [ "\${2-}" = dev-base ]; then
    echo >${outgoingMark}
    name_outgoing_dev_base
  fi
else
  # What it was built on goes as well: nobody but dvm builds here. Whoever was killed meanwhile has left the mark to the next one.
  if [ -e ${outgoingMark} ]; then
    remove_old_dev_bases
    rm ${outgoingMark}
  fi
  # Nobody waits for the disk: until it has everything, the mark stays.
  systemd-run --quiet --collect --unit=dvm-settle sh -c 'sync --file-system /var/lib/containers && rm -f ${busyMark}'
fi
`

export const wentDownScript = `${wentDown} && echo yes
exit 0
`

// podman does not sync what it writes: after a power cut a layer may lack its link, or files in it their contents, and every later build
// would stand on it. Seen with podman 5.4: "readlink /var/lib/containers/storage/overlay/l: invalid argument".
// What was being built goes first: its layers would count as damaged, and as in use.
export const recoverScript = `set -u
${removeContainers}
if ! podman system check --repair --force && ! podman system check --quick; then
  echo 'the image store cannot be repaired: emptying it'
  podman system reset --force || exit
fi
rm -f ${busyMark}
`

/** Sends the image that is its argument. */
export const saveScript = `set -Eeuo pipefail
podman save --quiet "$1" </dev/null | zstd --quiet -1 --threads=0
`
