#!/bin/sh
# Puts into a container what lets ssh in, as its root: install.sh ACCOUNT DIRECTORY WORKDIR SERVE SESSION KEY…, with a new host key on stdin,
# the line of its public half first. ACCOUNT is what the image says (a name or a number, maybe with a group), the one that `dvm ssh` enters
# as; SERVE and SESSION are the texts of serve.sh and session.sh; KEY is a public key that is let in. Done again it renews all but the host
# key. Everything belongs to root.
set -eu

account=${1%%:*}
directory=$2
workdir=$3
serve=$4
session=$5
shift 5

name=''
while IFS=: read -r entry _ number _; do
	if [ "$entry" = "$account" ] || [ "$number" = "$account" ]; then
		name=$entry
		break
	fi
done </etc/passwd
if [ -z "$name" ]; then
	echo "the container has no account $account" >&2
	exit 1
fi

umask 022
mkdir -p -- "$directory"
cd -- "$directory"

# put FILE MODE TEXT: never met half-written, because it is made under another name first.
put() {
	printf '%s\n' "$3" >"$1.new"
	chmod "$2" "$1.new"
	mv -f -- "$1.new" "$1"
}
put account 0644 "$name"
put serve 0755 "$serve"
put session 0755 "$session"
put authorized_keys 0644 "$(printf '%s\n' "$@")"

read -r type key _
if [ ! -s host_key ]; then
	put host_key.pub 0644 "$type $key"
	(umask 077 && cat >host_key.new)
	mv -f -- host_key.new host_key
fi
cat >/dev/null

# sshd starts sessions with an environment of its own making. The image's is kept here for them, without what belongs to a session.
(
	unset HOME USER LOGNAME SHELL MAIL TERM PWD OLDPWD SHLVL
	export DVM_WORKDIR="$workdir"
	put environment 0644 "$(export -p)"
)

# sshd refuses an account that is locked by a `!`, as useradd makes it. With `*` no password opens it either.
if grep -q "^$name:!" /etc/shadow 2>/dev/null; then
	unlocked=$(sed "s/^$name:![^:]*:/$name:*:/" /etc/shadow)
	printf '%s\n' "$unlocked" >/etc/shadow
fi

echo "::dvm account $name"
echo "::dvm key $(cat host_key.pub)"
