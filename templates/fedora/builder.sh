#!/bin/bash
# Makes a plain Fedora VM the builder: rootful podman with overlay storage, and the SELinux rules that bootc-image-builder's stages need.
# Run as root over stdin; a second run changes nothing.
set -Eeuo pipefail

main() {
	local packages=() need

	for need in podman:podman crun:crun tar:tar zstd:zstd sha256sum:coreutils; do
		type -P "${need%%:*}" >/dev/null || packages+=("${need#*:}")
	done
	# Without it an enforcing system refuses the labels that the disk builder sets: "setfiles: Could not set context".
	rpm -q --quiet osbuild-selinux || packages+=(osbuild-selinux)

	if ((${#packages[@]} > 0)); then
		echo "installing ${packages[*]}"
		dnf -q -y --setopt=install_weak_deps=False install "${packages[@]}" </dev/null
	fi

	# The disk builder reads images through the overlay driver only, so the driver is named rather than guessed.
	if [[ ! -e /etc/containers/storage.conf ]]; then
		echo "setting podman's storage driver"
		mkdir -p /etc/containers
		printf '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' >/etc/containers/storage.conf
	fi

	echo "podman $(podman --version </dev/null | sed 's/.* //') is ready"
}

main
