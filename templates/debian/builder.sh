#!/bin/bash
# Makes a plain Debian VM the builder: rootful podman with overlay storage. Run as root over stdin; a second run changes nothing.
set -Eeuo pipefail

main() {
	local packages=() need

	for need in podman:podman crun:crun netavark:netavark aardvark-dns:aardvark-dns tar:tar zstd:zstd sha256sum:coreutils; do
		case ${need%%:*} in
		# Two of podman's helpers live outside PATH.
		netavark | aardvark-dns) [[ -x /usr/lib/podman/${need%%:*} ]] || packages+=("${need#*:}") ;;
		*) type -P "${need%%:*}" >/dev/null || packages+=("${need#*:}") ;;
		esac
	done
	[[ -s /etc/ssl/certs/ca-certificates.crt ]] || packages+=(ca-certificates)

	if ((${#packages[@]} > 0)); then
		echo "installing ${packages[*]}"
		# A cloud image may be refreshing its own lists right now: wait for the lock instead of failing on it.
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q -o DPkg::Lock::Timeout=300 update </dev/null
		apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io \
			install --no-install-recommends "${packages[@]}" </dev/null
	fi

	# The disk builder reads images through the overlay driver, so the driver is named rather than guessed.
	if [[ ! -e /etc/containers/storage.conf ]]; then
		echo "setting podman's storage driver"
		mkdir -p /etc/containers
		printf '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' >/etc/containers/storage.conf
	fi

	echo "podman $(podman --version </dev/null | sed 's/.* //') is ready"
}

main
