#!/bin/bash
# Brings the developer's account up to what the config says, at every sync. Run as root over stdin, after lines that export DVM_USER,
# DVM_CODE_DIR, DVM_SUBUID_COUNT and DVM_SUBGID_COUNT.
#
# Most syncs find everything in place. That path starts no process at all: on an emulated CPU each one costs 10 to 30 ms. Who owns the
# directories cannot be read without one, so that is looked at once a boot and remembered in /run.
set -Eeuo pipefail

# Below useradd's own first range on any system; ranges of other users are stepped over.
readonly first_subid=100000
readonly last_subid=4294967294

# passwd_entry USER: sets uid, gid and home; fails when there is no such user.
passwd_entry() {
	local name rest
	while IFS=: read -r name _ uid gid _ home rest; do
		[[ $name == "$1" ]] && return 0
	done </etc/passwd
	uid='' gid='' home=''
	return 1
}

# create_user SUBUIDS SUBGIDS
create_user() {
	useradd --create-home --shell /bin/bash -K "SUB_UID_COUNT=$1" -K "SUB_GID_COUNT=$2" -- "$DVM_USER" </dev/null
}

# has_subids FILE: does the user own a range in it, by name or by number?
has_subids() {
	local owner rest
	[[ -r $1 ]] || return 1
	while IFS=: read -r owner rest; do
		[[ $owner == "$DVM_USER" || $owner == "$uid" ]] && return 0
	done <"$1"
	return 1
}

# free_subids FILE COUNT: sets start to the first COUNT ids that no range in FILE touches. useradd gives up when a range of Lima's own user
# takes the place that it has in mind.
free_subids() {
	local low size moved=1
	start=$first_subid
	while ((moved)); do
		moved=0
		if [[ -r $1 ]]; then
			while IFS=: read -r _ low size; do
				[[ $low =~ ^[0-9]+$ && $size =~ ^[0-9]+$ ]] || continue
				if ((start < low + size && low < start + $2)); then
					start=$((low + size))
					moved=1
				fi
			done <"$1"
		fi
	done
	if ((start + $2 - 1 > last_subid)); then
		echo "no $2 subordinate ids are free in $1" >&2
		return 1
	fi
}

add_subids() {
	local file=$1 count=$((10#$2)) flag=$3 start
	((count > 0)) || return 0
	has_subids "$file" && return 0
	free_subids "$file" "$count"
	echo "adding $count subordinate ids to $DVM_USER in $file"
	usermod "$flag" "$start-$((start + count - 1))" "$DVM_USER" </dev/null
}

# make_directory PATH: made by the user, so that a link which the user put in the way leads nowhere that the user could not go.
make_directory() {
	[[ -d $1 ]] || setpriv --reuid "$uid" --regid "$gid" --init-groups mkdir -p -- "$1" </dev/null
}

# Gives PATH back to the user when somebody else owns it. A link on the way is left alone: root must not follow it.
own() {
	[[ -L $1 || $(stat -c %u -- "$1" </dev/null) == "$uid" ]] || chown --no-dereference "$uid:$gid" -- "$1"
}

main() {
	local uid gid home stamp known part path base

	if [[ ! $DVM_USER =~ ^[a-z][a-z0-9-]*$ || $DVM_CODE_DIR != /* || ! $DVM_SUBUID_COUNT =~ ^[0-9]+$ || ! $DVM_SUBGID_COUNT =~ ^[0-9]+$ ]]; then
		echo "bootstrap: DVM_USER, DVM_CODE_DIR, DVM_SUBUID_COUNT or DVM_SUBGID_COUNT is not what dvm sends" >&2
		return 1
	fi

	if ! passwd_entry "$DVM_USER"; then
		echo "creating user $DVM_USER"
		# Without the ranges when useradd finds no room for them where it looks: they are added below, wherever there is room.
		create_user "$DVM_SUBUID_COUNT" "$DVM_SUBGID_COUNT" || create_user 0 0
		passwd_entry "$DVM_USER"
	fi
	add_subids /etc/subuid "$DVM_SUBUID_COUNT" --add-subuids
	add_subids /etc/subgid "$DVM_SUBGID_COUNT" --add-subgids

	stamp=/run/dvm-bootstrap
	known=''
	if [[ -r $stamp ]]; then read -r known <"$stamp" || true; fi
	if [[ $known == "$uid:$gid:$home:$DVM_CODE_DIR" && -d $home && -d $DVM_CODE_DIR ]]; then return 0; fi

	# The code lies in the user's home, or in /home/USER when the account came with another home.
	base=$home
	if [[ $DVM_CODE_DIR != "$home"/* ]]; then base=/home/$DVM_USER; fi
	for path in "$home" "$base"; do
		if [[ ! -d $path ]]; then install -d -m 0700 -o "$uid" -g "$gid" -- "$path" </dev/null; fi
		own "$path"
	done
	# Before it is made: in what somebody else owns the user could not.
	if [[ $DVM_CODE_DIR == "$base"/* ]]; then
		path=$base
		local IFS=/
		for part in ${DVM_CODE_DIR#"$base"/}; do
			path+=/$part
			[[ -d $path && ! -L $path ]] || break
			own "$path"
		done
		unset IFS
	fi
	make_directory "$DVM_CODE_DIR"
	echo "$uid:$gid:$home:$DVM_CODE_DIR" >"$stamp"
}

main
