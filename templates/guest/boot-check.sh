#!/bin/bash
# How is this VM? Run as root over stdin, in the throw-away VM of the boot test and in any other. Prints key=value lines and exits 0: what
# is good enough is for the caller to judge. Waits for the boot to end, DVM_BOOT_CHECK_TIMEOUT seconds at most (default 120).
set -u

limit=${DVM_BOOT_CHECK_TIMEOUT:-120}

cloud_init_state() {
	local result=/run/cloud-init/result.json
	if [[ -e /run/cloud-init/disabled ]]; then
		echo disabled
	elif [[ ! -e $result ]]; then
		echo running
	# cloud-init writes an empty list when nothing failed. Deprecated keys in Lima's data are no errors here.
	elif [[ $(tr -d ' \n' <"$result") == *'"errors":[]'* ]]; then
		echo "done"
	else
		echo error
	fi
}

while :; do
	cloud_init=$(cloud_init_state)
	state=$(systemctl is-system-running 2>/dev/null)
	[[ $cloud_init != running && $state != starting && $state != initializing ]] && break
	((SECONDS < limit)) || break
	sleep 0.5
done

# An image-based system shows a read-only view as /; the file system that grows is below /sysroot.
root=/
mountpoint -q /sysroot && root=/sysroot
source=$(findmnt --noheadings --first-only --nofsroot --output SOURCE "$root")
partition=$(readlink -f "$source")
partition=${partition##*/}
sectors=0
if [[ -e /sys/class/block/$partition/partition ]]; then
	# The entry is a link: its parent directory is the disk.
	read -r sectors <"/sys/class/block/$partition/../size"
fi
failed=''
while read -r unit _; do failed+="${failed:+ }$unit"; done < <(systemctl list-units --state=failed --plain --no-legend --no-pager)
zram=no
while read -r device _; do [[ $device == /dev/zram* ]] && zram=yes; done </proc/swaps

echo "root_bytes=$(df --block-size=1 --output=size "$root" | tail -n 1 | tr -d ' ')"
echo "root_free_bytes=$(df --block-size=1 --output=avail "$root" | tail -n 1 | tr -d ' ')"
echo "disk_bytes=$((sectors * 512))"
echo "system_state=${state:-unknown}"
echo "failed_units=$failed"
echo "zram_swap=$zram"
echo "cloud_init=$cloud_init"
read -r uptime _ </proc/uptime
echo "uptime_seconds=${uptime%.*}"
echo "kernel=$(</proc/sys/kernel/osrelease)"
exit 0
