#!/bin/bash
# Makes `ssh PROJECT.VM.dvm` possible for one container that runs. Run as the developer over stdin:
# `bash -s -- CONTAINER INSTALL ARGUMENT…`, where INSTALL is install.sh and the rest are its arguments after the account. Prints what the
# host has to know, a line each.
#
# The host key is made out here, where there is an ssh-keygen whatever the image holds. It passes through memory and a pipe alone: it is in
# no argument, no image and no file that outlives this script but the container's own.
set -Eeuo pipefail

container=$1
install=$2
shift 2

found=$(podman container inspect --format '{{.Id}} {{.Config.User}}' "$container" </dev/null)
read -r id user <<<"$found"
folder=$(mktemp -d "${XDG_RUNTIME_DIR:-/tmp}/dvm-ssh-XXXXXX")
trap 'rm -rf -- "$folder"' EXIT
ssh-keygen -q -t ed25519 -N '' -C '' -f "$folder/key" </dev/null
cat -- "$folder/key.pub" "$folder/key" |
	podman exec --interactive --user 0 "$container" sh -c "$install" dvm "${user:-0}" "$@"
echo "::dvm container $id"
