#!/bin/sh
# mmdebstrap hook, before the packages: a small initrd, because an emulated CPU unpacks it at every boot.
set -eu
root=$1
mkdir -p "$root/etc/initramfs-tools/conf.d" "$root/usr/share/initramfs-tools/modules.d"
printf 'MODULES=list\nCOMPRESS=zstd\n' >"$root/etc/initramfs-tools/conf.d/dvm"
printf '%s\n' virtio_pci virtio_blk virtio_scsi sd_mod sr_mod isofs nvme ext4 >"$root/usr/share/initramfs-tools/modules.d/dvm"
