#!/bin/sh
# The other end of `ssh PROJECT.VM.dvm`: one ssh connection on stdin and stdout. Run in the container by the entry's ProxyCommand, as its
# root: `serve VM/PROJECT`. Nothing listens anywhere, and sshd ends with its connection. What is wrong is said on stderr, which ssh shows.
set -eu
directory=${0%/*}

for sshd in /usr/sbin/sshd /usr/local/sbin/sshd /usr/bin/sshd ''; do
	if [ -x "$sshd" ]; then break; fi
done
if [ -z "$sshd" ]; then
	echo "dvm: $1 has no sshd: add openssh-server to base/dev/Containerfile, or to the image that it is made from, then: dvm reset $1 --yes --keep-data" >&2
	exit 127
fi

# sshd shuts its first half into an empty directory, for which podman has to be asked when the container is made (SYS_CHROOT, bit 18).
while read -r field value; do
	if [ "$field" = CapEff: ] && [ $((0x$value & 0x40000)) = 0 ]; then
		echo "dvm: $1 was made before dvm gave projects what sshd needs: dvm reset $1 --yes --keep-data" >&2
		exit 126
	fi
done </proc/self/status
if [ ! -d /run/sshd ]; then mkdir -m 0755 /run/sshd; fi

read -r account <"$directory/account"

# No configuration of the image counts. PAM stays off, as it is unless a configuration turns it on. AuthenticationMethods leaves out what
# goes by another name in each half of the versions that there are (KbdInteractiveAuthentication).
exec "$sshd" -i -e -f /dev/null \
	-o "HostKey=$directory/host_key" \
	-o "AuthorizedKeysFile=$directory/authorized_keys" \
	-o "AllowUsers=$account" \
	-o AuthenticationMethods=publickey \
	-o PasswordAuthentication=no \
	-o PermitRootLogin=prohibit-password \
	-o StrictModes=yes \
	-o X11Forwarding=no \
	-o PidFile=none \
	-o LogLevel=ERROR \
	-o 'Subsystem=sftp internal-sftp' \
	-o "ForceCommand=$directory/session"
