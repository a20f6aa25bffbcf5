# shellcheck shell=bash
# Becomes the developer, $1; enter.sh follows in the same text, with the other arguments. Whoever logs in over Lima's connection often is
# the developer already, and then sudo, 180 ms in an emulated VM, has nothing to change.
dvm_user=$1
shift

# Is this login what a new one would be? Home, shell, groups and limits are fixed when a connection begins, and Lima's may be days old. What
# was found is noted for its other commands: all of them have the same parent, and a note that is newer than both files is still true.
dvm_current() {
	local run=/run/user/$UID note known='' place name='' uid gid id home shell members wanted=' ' have=' '
	# As old as the user's own manager, which begins with the first login.
	for place in /etc/security/limits.conf /etc/security/limits.d /etc/security/limits.d/*; do
		if [[ -e $run/systemd/private && $place -nt $run/systemd/private ]]; then return 1; fi
	done
	note=$run/dvm-login
	if [[ -O $note && $note -nt /etc/passwd && $note -nt /etc/group ]]; then
		read -r known <"$note" || true
		if [[ $known == "$PPID" ]]; then return 0; fi
	fi
	while IFS=: read -r name _ uid gid _ home shell; do
		if [[ $name == "$dvm_user" ]]; then break; fi
	done </etc/passwd
	[[ $name == "$dvm_user" && $uid == "$UID" && $home == "${HOME:-}" && $shell == "${SHELL:-}" ]] || return 1
	# First: what is changed while it is looked is then newer.
	{ echo looking >"$note"; } 2>/dev/null || true
	wanted+="$gid "
	while IFS=: read -r name _ id members || [[ -n $name ]]; do
		if [[ ,$members, == *,"$dvm_user",* && $wanted != *" $id "* ]]; then wanted+="$id "; fi
	done </etc/group
	for id in "${GROUPS[@]}"; do
		if [[ $have != *" $id "* ]]; then have+="$id "; fi
	done
	for id in $wanted; do
		if [[ $have != *" $id "* ]]; then have=''; fi
	done
	[[ ${#have} == "${#wanted}" ]] || return 1
	if [[ $note -nt /etc/passwd && $note -nt /etc/group ]]; then { echo "$PPID" >"$note"; } 2>/dev/null || true; fi
}

if [[ -n $dvm_user ]]; then
	if [[ $dvm_user != "${USER:-}" ]] || ! dvm_current; then
		# The same text once more, as somebody who need not become anybody.
		exec sudo --set-home --user "$dvm_user" -- bash -c "$BASH_EXECUTION_STRING" dvm '' "$@"
	fi
	# What sudo would see to as well. Proxies: Lima's own, of its last start; enter.sh has those of the last sync. An agent: only for who asked.
	unset SSH_AUTH_SOCK HTTP_PROXY HTTPS_PROXY FTP_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy ftp_proxy no_proxy all_proxy
	umask g-w,o-w
	PATH+=:/usr/local/sbin
fi
unset -f dvm_current
unset dvm_user
