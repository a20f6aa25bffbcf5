# shellcheck shell=bash
# Builds the dev-base inside a VM, as the developer: after a mark (see stop-sync.sh) $1 is the hash for its label and $2 the bare system to
# start from, then come more options for the build. The context comes as tar archives over stdin. Passed whole to `bash -c` with every value
# as a positional argument, so no value is ever read as shell text. Comes after the functions of src/core/dev-base.ts.
set -Eeuo pipefail
shift
if [[ -d /run/user/$UID ]]; then export XDG_RUNTIME_DIR=/run/user/$UID; fi
# The host's proxies, as the last sync left them: podman hands them to each RUN line.
if [[ -r /etc/dvm/network.env ]]; then
	set -a
	. /etc/dvm/network.env
	set +a
fi
# Not below /tmp, which may be in memory. A build that was killed has left its own.
rm -rf "$HOME"/.dvm-dev-base.*
context=$(mktemp -d "$HOME/.dvm-dev-base.XXXXXX")
trap 'rm -rf "$context"' EXIT
tar --extract --ignore-zeros --no-same-owner --directory "$context"
name_outgoing_dev_base
podman build --layers --tag localhost/dvm-dev-base:latest --label "dvm.hash=$1" --build-arg "DVM_DEV_FROM=$2" "${@:3}" \
	--file "$context/dev/Containerfile" "$context/dev" </dev/null
remove_old_dev_bases --no-prune
