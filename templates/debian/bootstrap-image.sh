#!/bin/bash
# Makes localhost/dvm-bootstrap:trixie from Debian's packages, for places where no container registry can be reached. Run as root in the
# builder over stdin. apt checks every signature with the keyring of the builder itself. The image's id is the last line on stdout.
# One that is there already is kept, as a pinned digest would be; `dvm base build --clean` makes it anew, with the builder.
set -Eeuo pipefail

suite=trixie
name=localhost/dvm-bootstrap:$suite
# Raise this when what follows changes the image.
recipe=1

main() {
	local sources have

	have=$(podman image inspect --format '{{index .Labels "dvm.bootstrap.recipe"}}' "$name" </dev/null 2>/dev/null || true)
	if [[ $have == "$recipe" ]]; then
		echo "$name is there already"
		podman image inspect --format '{{.Id}}' "$name" </dev/null
		return
	fi

	if ! type -P mmdebstrap >/dev/null; then
		echo "installing mmdebstrap"
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q -o DPkg::Lock::Timeout=300 update </dev/null
		apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io \
			install --no-install-recommends mmdebstrap debian-archive-keyring </dev/null
	fi

	# The builder's own package source: a mirror that works here, with the key that belongs to it.
	for sources in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
		[[ -s $sources ]] && grep -Eq "(^Suites:.*|^deb .*)\b$suite\b" "$sources" && break
		sources=''
	done
	if [[ -z $sources ]]; then
		echo "the builder has no package source for Debian $suite in /etc/apt" >&2
		return 1
	fi

	echo "making $name from $sources"
	# Documentation is left out as in Debian's own slim images.
	mmdebstrap --quiet --mode=root --variant=minbase --format=tar \
		--skip=check/empty \
		--dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-include=/usr/share/doc/*/copyright' \
		"$suite" - "$sources" </dev/null |
		podman import --quiet \
			--change "LABEL dvm.bootstrap.recipe=$recipe" --change 'CMD ["/bin/bash"]' --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
			- "$name" >/dev/null
	podman image inspect --format '{{.Id}}' "$name" </dev/null
}

main
