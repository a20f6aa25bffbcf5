#!/bin/sh
# mmdebstrap hook, after the packages: what a Debian guest needs to boot quickly under Lima.
set -eu
root=$1

mkdir -p "$root/etc/cloud/cloud.cfg.d"
cat >"$root/etc/cloud/cloud.cfg.d/90_dvm.cfg" <<'CFG'
# Lima changes the instance id at each boot: the host keys stay. It brings a NoCloud disk: nothing else is probed.
datasource_list: [NoCloud, None]
ssh_deletekeys: false
system_info:
  network:
    renderers: [networkd]
CFG

# Found a moment too late, the disk with Lima's settings would be missed: no user, no key, no way in. So cloud-init waits for it.
mkdir -p "$root/etc/systemd/system/cloud-init-local.service.d"
cat >"$root/etc/systemd/system/cloud-init-local.service.d/10-dvm.conf" <<'UNIT'
[Unit]
Wants=dev-disk-by\x2dlabel-cidata.device
After=dev-disk-by\x2dlabel-cidata.device
UNIT

echo 'LABEL=root / ext4 defaults,noatime,x-systemd.growfs 0 1' >"$root/etc/fstab"
echo dvm-builder >"$root/etc/hostname"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
: >"$root/etc/machine-id"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"

# systemctl stops at the first unit that does not exist: only those that do.
for unit in systemd-networkd.service systemd-resolved.service ssh.service; do
  chroot "$root" systemctl enable "$unit" >/dev/null 2>&1
done
# Nothing here may hold back a boot or wake up in the middle of a build.
for unit in systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service \
  dpkg-db-backup.timer fstrim.timer man-db.timer podman-auto-update.timer podman-auto-update.service podman-restart.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
