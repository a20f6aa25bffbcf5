#!/bin/bash
# Makes a VM fit for projects: podman, a user manager that lives without a login, containers that return after a restart. Run as root over
# stdin: `bash -s -- USER MARK` (for the mark see stop-sync.sh). Everything in it may be done again.
set -Eeuo pipefail

# The host's proxies, for a package that has to be installed.
if [[ -r /etc/dvm/network.env ]]; then
	set -a
	. /etc/dvm/network.env
	set +a
fi

user=$1
uid=$(id -u "$user" </dev/null)

# A base that dvm made has it. Another system's package may want more than podman itself.
if ! type -P podman >/dev/null; then
	echo "installing podman"
	if type -P apt-get >/dev/null; then
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q update </dev/null
		apt-get -q -y -o Dpkg::Use-Pty=0 install podman uidmap passt netavark aardvark-dns catatonit dbus-user-session </dev/null
	elif type -P dnf >/dev/null; then
		dnf install -y podman </dev/null
	else
		echo "this VM has no podman, and neither apt-get nor dnf to install it" >&2
		exit 1
	fi
fi

loginctl enable-linger "$user" </dev/null
systemctl start "user@$uid.service" </dev/null
cd /
runuser -u "$user" -- env XDG_RUNTIME_DIR="/run/user/$uid" systemctl --user --quiet enable --now podman-restart.service </dev/null
