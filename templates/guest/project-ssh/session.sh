#!/bin/sh
# What a session in a project begins with, as `dvm ssh` and `dvm sh` have it: the image's environment and the workspace. sshd runs it in the
# place of every command (ForceCommand), and says in SSH_ORIGINAL_COMMAND which one that was.

case ${SSH_ORIGINAL_COMMAND-} in
internal-sftp)
	# sftp, and scp, which uses it. Its relative paths count from the home: editors go back there by `cd` before each command of theirs, but
	# have no way to do so here.
	for server in /usr/lib/openssh/sftp-server /usr/libexec/openssh/sftp-server /usr/lib/ssh/sftp-server /usr/libexec/sftp-server; do
		if [ -x "$server" ]; then exec "$server"; fi
	done
	echo 'dvm: there is no sftp-server in here: add openssh-sftp-server to the image' >&2
	exit 127
	;;
esac

# shellcheck source=/dev/null
. "${0%/*}/environment"
cd -- "$DVM_WORKDIR" || cd || exit
unset DVM_WORKDIR

if [ -n "${SSH_ORIGINAL_COMMAND+set}" ]; then
	command=$SSH_ORIGINAL_COMMAND
	unset SSH_ORIGINAL_COMMAND
	exec "$SHELL" -c "$command"
fi
if command -v bash >/dev/null; then exec bash -l; fi
exec sh -l
