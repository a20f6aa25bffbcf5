#!/bin/bash
# Makes `ssh VM.dvm` possible: lets the keys of Lima's login user in to the developer's account. Run as root over stdin, after bootstrap.sh
# by a sync and after host-keys.sh by `dvm ssh-config`, with DVM_USER in the environment and sudo's SUDO_USER.
#
# It is no new trust: who holds one of these keys logs in as Lima's user already, who may sudo without a password, and so become anybody.
#
# As in bootstrap.sh, most runs find everything in place and start no process. What fails here is said and is no reason to stop a sync.
set -Eeuo pipefail

# The end of each line of dvm's in authorized_keys. Lines without it are the user's own and stay, whatever they are.
readonly access_mark="dvm: Lima's key, kept by dvm sync"

# account USER: sets account_uid, account_gid and account_home; fails when there is no such user.
account() {
	local name rest
	while IFS=: read -r name _ account_uid account_gid _ account_home rest; do
		[[ $name == "$1" ]] && return 0
	done </etc/passwd
	return 1
}

# lima_keys FILE: sets keys to its plain keys, `TYPE BASE64` each. One with options in front was let in for something else.
lima_keys() {
	local type key rest
	keys=()
	[[ -r $1 ]] || return 0
	while read -r type key rest || [[ -n $type ]]; do
		if [[ $type =~ ^(ssh|ecdsa|sk)-[a-z0-9@.-]+$ && $key =~ ^[A-Za-z0-9+/]+=*$ ]]; then keys+=("$type $key"); fi
	done <"$1"
}

# has_access FILE: are exactly the keys of `keys` let in by lines of ours? The file is its user's, who may have put anything there, and
# root reads it: only a plain file is opened (a link could lead to what blocks for ever, in /proc), and not read to a far end.
has_access() {
	local line lines=0 ours=0 wanted=$'\n' key
	[[ -f $1 && ! -L $1 && ! -L ${1%/*} ]] || return 1
	for key in "${keys[@]}"; do wanted+="$key $access_mark"$'\n'; done
	while IFS= read -r -n 8192 line && ((++lines < 2000)); do
		[[ $line == *"$access_mark" ]] || continue
		[[ $wanted == *$'\n'"$line"$'\n'* ]] || return 1
		ours=$((ours + 1))
	done <"$1"
	((ours == ${#keys[@]}))
}

# The rest as the user: whatever links lie in the way lead nowhere that the user could not go. Nothing is printed but errors.
let_in() {
	setpriv --reuid "$account_uid" --regid "$account_gid" --init-groups \
		bash -s -- "$account_home" "$access_mark" "${keys[@]}" >/dev/null <<'DVM_AS_USER'
set -Eeuo pipefail
export LC_ALL=C
umask 077
cd -- "$1"
mark=$2
shift 2
[[ -d .ssh ]] || mkdir .ssh
chmod 0700 .ssh
file=.ssh/authorized_keys
# A link is the user's own arrangement: it stays, and what it leads to is changed.
if [[ -L $file ]]; then file=$(readlink -f -- "$file"); fi
if [[ -e $file && ! -f $file ]]; then
	echo "$file is not a file" >&2
	exit 1
fi
new=$(mktemp -- "$file.dvm-XXXXXX")
trap 'rm -f -- "$new"' EXIT
{
	if [[ -e $file ]]; then
		while IFS= read -r line || [[ -n $line ]]; do
			[[ ${line%$'\r'} == *"$mark" ]] || printf '%s\n' "$line"
		done <"$file"
	fi
	for key; do printf '%s %s\n' "$key" "$mark"; done
} >"$new"
chmod 0600 "$new"
mv -f -- "$new" "$file"
# Where SELinux decides, sshd reads only what is labelled as keys.
if command -v restorecon >/dev/null; then restorecon -R .ssh || true; fi
DVM_AS_USER
}

allow() {
	local keys account_uid='' account_gid='' account_home='' lima_uid stamp=/run/dvm-ssh-access known=''
	account "${SUDO_USER:-}" || return 0
	lima_uid=$account_uid
	lima_keys "$account_home/.ssh/authorized_keys"
	account "$DVM_USER" || return 0
	# The developer may be Lima's own user; then cloud-init sees to the keys.
	if [[ ${#keys[@]} == 0 || $account_uid == "$lima_uid" ]]; then return 0; fi
	# Modes cannot be read without a process: they are put right once a boot, and whenever the keys are.
	if [[ -r $stamp ]]; then read -r known <"$stamp" || true; fi
	if [[ $known == "$account_uid:$account_home" ]] && has_access "$account_home/.ssh/authorized_keys"; then return 0; fi
	let_in || return 1
	echo "$account_uid:$account_home" >"$stamp"
}

allow || echo "Lima's key could not be let in to the account $DVM_USER: ssh VM.dvm will not work" >&2
