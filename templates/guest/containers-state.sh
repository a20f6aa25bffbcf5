#!/bin/bash
# What a VM knows of its projects, in one round trip. Run as the developer over stdin: `bash -s -- VM`. Prints sections, each after a line
# of its own; podman's JSON goes through as it is.
set -u

ready=no
user_units=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
if [[ -e /var/lib/systemd/linger/$USER && -n ${XDG_RUNTIME_DIR:-} && -L $user_units/default.target.wants/podman-restart.service ]] &&
	type -P podman >/dev/null; then
	ready=yes
fi
echo "::dvm ready $ready"
[[ $ready == yes ]] || exit 0
echo '::dvm containers'
podman ps --all --filter "name=^dvm-$1-" --format json || exit
echo
echo '::dvm images'
podman images --filter reference=localhost/dvm-dev-base --format json || exit
