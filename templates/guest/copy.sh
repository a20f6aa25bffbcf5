# shellcheck shell=bash
# The guest's end of `dvm cp`, in a VM or in a container: $1 what to do, $2 an absolute path, then what that needs. Passed whole to
# `bash -c` with every value as a positional argument, because stdin and stdout carry the data. On stderr it tells dvm what it must know,
# in lines that begin with `::dvm`; all other lines there are the tools' own.
#
# What arrives lies below a temporary name in the directory that it goes to, and is renamed when it is complete. A connection that is lost
# is an end of input here, so nothing stays behind. Not even after a power cut for long: the next copy into that directory sweeps.
# Files take no more than bash and busybox, which has short options only; directories take GNU tar.
set -u
shopt -s nullglob
export LC_ALL=C
temporary=''
into=''
block=262144

tell() { printf '::dvm %s\n' "$*" >&2; }

# fail WORD: with ` in` when it is about what would be in the directory that was named, not about that itself.
fail() {
	tell "error $1$into"
	exit 1
}

# erase PATH: also a tree with directories that its own owner may not write.
erase() { rm -rf -- "$1" 2>/dev/null || { chmod -R u+rwX -- "$1" && rm -rf -- "$1"; } 2>/dev/null; }

discard() { [[ -z $temporary ]] || erase "$temporary"; }
trap discard EXIT
trap 'exit 1' HUP INT TERM

# masked MODE: without what the umask takes, and never more than permissions.
masked() { printf '%o' $((8#$1 & 0777 & ~8#$(umask))); }

# exists PATH: is there anything, if only a link that leads nowhere?
exists() { [[ -e $1 || -L $1 ]]; }

# place PATH NAME: sets dest to what PATH means for something of that name, and parent to the directory of dest.
place() {
	dest=$1
	if [[ $1 == */ || -d $1 ]]; then
		[[ -d $1 ]] || fail no-directory
		[[ -n $2 ]] || fail no-name
		dest=${1%/}/$2
		into=' in'
	fi
	parent=${dest%/*}
	parent=${parent:-/}
	[[ -d $parent ]] || fail no-directory
}

# begin DIRECTORY: sets fresh to a temporary path there, after the leftovers of copies that are no more.
begin() {
	local old pid
	[[ -w $1 && -x $1 ]] || fail not-writable
	for old in "${1%/}"/.dvm-cp-*; do
		pid=${old##*/.dvm-cp-}
		pid=${pid%%-*}
		if [[ $pid =~ ^[0-9]+$ && ! -d /proc/$pid && -O $old ]]; then erase "$old"; fi
	done
	fresh=${1%/}/.dvm-cp-$$-$RANDOM$RANDOM
}

# meets FROM TO: fails where a file and a directory would meet, which half of a merge would be the way to find out.
meets() {
	local entry there
	for entry in "$1"/*; do
		there=$2/${entry##*/}
		exists "$there" || continue
		if [[ -d $entry && ! -L $entry ]]; then
			if [[ -d $there && ! -L $there ]]; then
				meets "$entry" "$there"
				continue
			fi
		elif [[ ! -d $there || -L $there ]]; then
			continue
		fi
		printf 'in the way: %s\n' "${there//[[:cntrl:]]/?}" >&2
		fail meets
	done
}

send_file() {
	local path=$1
	[[ ! -d $path ]] || fail directory
	[[ -e $path ]] || fail missing
	[[ -f $path ]] || fail special
	{ exec 3<"$path"; } 2>/dev/null || fail unreadable
	tell "file $(stat -L -c '%s %a' /dev/fd/3)"
	# It says on stderr how much it has sent, which dvm holds against what came.
	exec dd bs="$block" <&3
}

send_tree() {
	local path=$1
	[[ ! -f $path ]] || fail file
	[[ -e $path ]] || fail missing
	[[ -d $path ]] || fail special
	[[ -r $path && -x $path ]] || fail unreadable
	type -P tar >/dev/null || fail no-tar
	tell tree
	tar --create --file=- --format=gnu --hard-dereference --numeric-owner --owner=0 --group=0 --directory "$path" .
	# 1: something changed while it was read. tar has named it.
	(($? <= 1)) || fail read
}

receive_file() {
	local size=$3 mode=$4 dest parent fresh mask
	place "$1" "$2"
	[[ ! -d $dest ]] || fail is-directory
	[[ ! -e $dest || -f $dest ]] || fail special
	begin "$parent"
	mask=$(umask)
	umask 077
	set -o noclobber
	{ exec 4>"$fresh"; } 2>/dev/null || fail not-writable
	temporary=$fresh
	set +o noclobber
	umask "$mask"
	dd bs="$block" iflag=fullblock,count_bytes count="$size" status=none >&4 || fail write
	exec 4>&-
	[[ $(stat -c %s -- "$temporary") == "$size" ]] || fail short
	chmod "$(masked "$mode")" -- "$temporary" || fail write
	mv -fT -- "$temporary" "$dest" || fail write
	temporary=''
}

# The archive holds the directory as `d`, and last of all an empty file `end`: tar does not mind an archive that stops early.
receive_tree() {
	local mode=$3 dest parent fresh merged=''
	place "$1" "$2"
	if [[ -d $dest && ! -L $dest ]]; then
		merged=yes
	elif exists "$dest"; then
		fail not-directory
	fi
	type -P tar >/dev/null || fail no-tar
	if [[ -n $merged ]]; then begin "$dest"; else begin "$parent"; fi
	mkdir -m 700 -- "$fresh" 2>/dev/null || fail not-writable
	temporary=$fresh
	tar --extract --file=- --ignore-zeros --no-same-owner --no-same-permissions --delay-directory-restore --touch \
		--warning=no-unknown-keyword --directory "$temporary" || fail write
	[[ -f $temporary/end ]] || fail short
	if [[ -n $merged ]]; then
		shopt -s dotglob
		meets "$temporary/d" "$dest"
		# Links, not copies: each file appears whole, and directories that are there keep what else is in them.
		cp --recursive --no-dereference --link --force --no-target-directory -- "$temporary/d" "$dest" || fail write
	else
		mv -T -- "$temporary/d" "$dest" || fail write
		chmod "$(masked "$mode")" -- "$dest" || fail write
	fi
}

case $1 in
send-file) send_file "$2" ;;
send-tree) send_tree "$2" ;;
receive-file) receive_file "$2" "$3" "$4" "$5" ;;
receive-tree) receive_tree "$2" "$3" "$4" ;;
esac
