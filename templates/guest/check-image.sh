#!/bin/bash
# Looks into a target image for what a Lima guest cannot do without, before a disk is made of it:
#   podman run --rm --network none -i IMAGE bash -s < check-image.sh
# One line a problem on stdout, `missing: WHAT: why; what to add`, and exit status 1. Silence and 0 when all is there.
set -u
shopt -s nullglob

problems=0

missing() {
	echo "missing: $1: $2"
	problems=$((problems + 1))
}

have() { type -P "$1" >/dev/null || [[ -x /usr/sbin/$1 || -x /sbin/$1 ]]; }

# Is one of these system units going to start at boot? Enabled by a link, or part of a target by its package.
enabled() {
	local unit links
	for unit in "$@"; do
		links=({/etc,/usr/lib,/lib}/systemd/system/*.{wants,requires}/"$unit")
		if ((${#links[@]} > 0)) && [[ $(readlink -f "/etc/systemd/system/$unit") != /dev/null ]]; then return 0; fi
	done
	return 1
}

unit_exists() { [[ -e /etc/systemd/system/$1 || -e /usr/lib/systemd/system/$1 || -e /lib/systemd/system/$1 ]]; }

# The name of a package in this system's own repositories: package DEBIAN FEDORA.
package() { if [[ $family == debian ]]; then echo "add $1"; else echo "add $2"; fi; }

check_release() {
	local release=/etc/os-release
	[[ -r $release ]] || release=/usr/lib/os-release
	if [[ ! -r $release ]]; then
		missing os-release "the disk builder cannot tell what system this is; keep /usr/lib/os-release"
		return
	fi
	# shellcheck disable=SC1090
	. "$release"
	[[ -n ${ID:-} ]] || missing "ID in os-release" "the disk builder refuses an image without it; set ID in /usr/lib/os-release"
	case " ${ID:-} ${ID_LIKE:-} " in
	*\ debian\ *) family=debian ;;
	*)
		family=fedora
		# bootc-image-builder asks for these two as well.
		[[ -n ${VERSION_ID:-} ]] || missing "VERSION_ID in os-release" "the disk builder refuses an image without it; set it in /usr/lib/os-release"
		[[ -n ${NAME:-} ]] || missing "NAME in os-release" "the disk builder refuses an image without it; set it in /usr/lib/os-release"
		;;
	esac
}

check_kernel() {
	local kernel version found=0 initramfs=0

	for kernel in /boot/vmlinuz-* /usr/lib/modules/*/vmlinuz; do
		case $kernel in
		/boot/*)
			version=${kernel#/boot/vmlinuz-}
			[[ -s /boot/initrd.img-$version ]] && initramfs=1
			;;
		*)
			version=${kernel#/usr/lib/modules/}
			version=${version%/vmlinuz}
			[[ -s /usr/lib/modules/$version/initramfs.img ]] && initramfs=1
			;;
		esac
		[[ -d /usr/lib/modules/$version || -d /lib/modules/$version ]] && found=1
	done
	if ((!found)); then
		missing kernel "there is nothing to boot; keep the one of dvm-base ($(package linux-image-cloud-amd64/-arm64 kernel-core))"
	elif ((!initramfs)); then
		missing initramfs "the kernel cannot reach its disk; $(if [[ $family == debian ]]; then echo "run update-initramfs -c -k all"; else echo "run dracut for the kernel in /usr/lib/modules"; fi)"
	fi
}

check_init() {
	if [[ ! -x /usr/lib/systemd/systemd && ! -x /lib/systemd/systemd ]]; then
		missing systemd "nothing starts the system; $(package systemd-sysv systemd)"
	elif [[ $(readlink -f /sbin/init) != */systemd ]]; then
		missing /sbin/init "the kernel starts it, and it must be systemd; $(package systemd-sysv systemd)"
	fi
	if [[ $family == fedora ]] && ! have bootc; then
		missing bootc "the disk builder installs the image with it; build FROM dvm-base"
	fi
}

check_ssh() {
	if ! have sshd; then
		missing sshd "Lima reaches a VM over ssh only; $(package openssh-server openssh-server)"
	elif ! enabled ssh.service sshd.service ssh.socket sshd.socket; then
		missing "enabled sshd" "Lima reaches a VM over ssh only; RUN systemctl enable $(if [[ $family == debian ]]; then echo ssh; else echo sshd; fi)"
	fi
}

check_cloud_init() {
	if ! have cloud-init; then
		missing cloud-init "Lima's user, key and network come through it; $(package cloud-init cloud-init)"
		return
	fi
	local unit
	# The units belong to cloud-init.target, whose generator switches all of it on or off. Which ones there are differs with the version;
	# each of them waits for the others, so all that exist must be on.
	if [[ -e /etc/cloud/cloud-init.disabled ]]; then
		missing "enabled cloud-init" "Lima's user, key and network come through it; remove /etc/cloud/cloud-init.disabled"
	else
		for unit in cloud-init-main cloud-init-local cloud-init-network cloud-init cloud-config cloud-final; do
			if unit_exists "$unit.service" && ! enabled "$unit.service"; then
				missing "enabled $unit" "Lima's user, key and network come through it; RUN systemctl enable $unit"
			fi
		done
	fi
	[[ -e /etc/cloud/cloud.cfg ]] || missing /etc/cloud/cloud.cfg "cloud-init does nothing without it; $(package cloud-init cloud-init)"
}

check_network() {
	have ip || missing iproute2 "cloud-init cannot configure the network; $(package iproute2 iproute)"
	if ! enabled systemd-networkd.service NetworkManager.service; then
		missing "a network service" "the VM would have no address; RUN systemctl enable $(if [[ $family == debian ]]; then echo systemd-networkd; else echo NetworkManager; fi)"
	fi
	if [[ $family == debian ]] && have ifup; then
		echo "problem: ifupdown: cloud-init would use it and leave the VM without a name server; remove ifupdown"
		problems=$((problems + 1))
	fi
}

check_tools() {
	have sudo || missing sudo "Lima's start scripts use it; $(package sudo sudo)"
	have tar || missing tar "Lima would install it at every first start, dvm copies with it; $(package tar tar)"
	have rsync || missing rsync "Lima would install it at every first start; $(package rsync rsync)"
	have useradd || missing useradd "the developer's user is made with it; $(package passwd shadow-utils)"
	have growpart || missing growpart "the root would stay as small as the image; $(package cloud-guest-utils cloud-utils-growpart)"
	have resize2fs || missing resize2fs "the root would stay as small as the image; $(package e2fsprogs e2fsprogs)"
	[[ -x /bin/bash || -x /usr/bin/bash ]] || missing bash "Lima and dvm talk to it; $(package bash bash)"
}

family=debian
check_release
check_kernel
check_init
check_ssh
check_cloud_init
check_network
check_tools
((problems == 0))
