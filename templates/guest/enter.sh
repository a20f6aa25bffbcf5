# shellcheck shell=bash
# Enters the developer's account in a VM: the directory $1 (the home where it is missing), then a login shell, or the command that
# follows. Passed whole to `bash -c` with every value as a positional argument, so no value is ever read as shell text.
cd -- "$1" 2>/dev/null || cd || exit
shift
# Rootless podman and `systemctl --user` look for their sockets here; sudo does not set it.
if [[ -d /run/user/$UID ]]; then export XDG_RUNTIME_DIR=/run/user/$UID; fi
# The host's proxies, as the last sync left them: sudo drops variables.
if [[ -r /etc/dvm/network.env ]]; then
	set -a
	. /etc/dvm/network.env
	set +a
fi
if (($# == 0)); then exec -l "${SHELL:-/bin/bash}"; fi
exec -- "$@"
