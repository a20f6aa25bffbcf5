#!/bin/bash
# Stops what a sync that did not end left running in a VM, also in its projects' containers. Run as root over stdin. A lost connection stops
# nothing by itself, and the next sync would run a second setup.sh beside the first.
#
# What a sync runs is led by a bash with `dvm:sync` (or $1) among its arguments. All that is below it goes, and in the VM itself all of its
# session: what came over one ssh call is one. In a container, what has left its leader (a server that setup.sh started) stays. What a sync
# that ended left running on purpose stays everywhere: a subshell of it has its arguments too, but the first of its session is gone.
set -u
mark=${1:-dvm:sync}
# Seconds before what does not hear SIGTERM is killed.
patience=${2:-10}

here=$(readlink /proc/self/ns/pid)
left=()

# has_mark PID
has_mark() {
	local words=() word
	mapfile -d '' words 2>/dev/null <"/proc/$1/cmdline" || return
	[[ ${words[0]-} == bash && $1 != "$$" ]] || return
	for word in "${words[@]:1}"; do
		if [[ $word == "$mark" ]]; then return 0; fi
	done
	return 1
}

# Sets left to the processes that are to end: those that it holds and that still run, and all that a leader leads now.
look() {
	local pid up of state known=" ${left[*]-} "
	local -A parent=() session=() marked=() leads=() sessions=()
	while read -r pid up of state; do
		# Ended, and only still listed.
		if [[ $state == Z* ]]; then continue; fi
		parent[$pid]=$up
		session[$pid]=$of
		if has_mark "$pid"; then marked[$pid]=yes; fi
	done < <(ps -e -o pid=,ppid=,sid=,stat=)
	for pid in "${!marked[@]}"; do
		of=${session[$pid]}
		if [[ -z ${parent[$of]-} ]]; then continue; fi
		leads[$pid]=yes
		if [[ $(readlink "/proc/$pid/ns/pid") == "$here" ]]; then sessions[$of]=yes; fi
	done
	left=()
	for pid in "${!parent[@]}"; do
		up=$pid
		while [[ -n ${parent[$up]-} && -z ${leads[$up]-} ]]; do up=${parent[$up]}; done
		if [[ -n ${leads[$up]-} || -n ${sessions[${session[$pid]}]-} || $known == *" $pid "* ]]; then left+=("$pid"); fi
	done
	((${#left[@]} > 0))
}

look || exit 0
kill -TERM "${left[@]}" 2>/dev/null
until=$((SECONDS + patience))
while ((SECONDS < until)); do
	sleep 0.1
	look || exit 0
done
# Again, for what was born in between.
for _ in 1 2 3; do
	kill -KILL "${left[@]}" 2>/dev/null
	sleep 0.1
	look || exit 0
done
exit 1
