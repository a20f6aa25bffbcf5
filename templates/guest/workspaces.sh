#!/bin/bash
# What would be lost with a VM's projects, in one round trip. Run as the developer over stdin: `bash -s -- VM`. Prints sections, each after a
# line of its own: the containers, as podman's JSON, and the volumes that no container holds, each with whether there is a repository in it.
set -u

type -P podman >/dev/null || exit 0
# Who never ran podman has nothing, and is not given a storage by the question.
[[ -e /var/lib/systemd/linger/$USER || -d ${XDG_DATA_HOME:-$HOME/.local/share}/containers ]] || exit 0

# A VM that was started for this: podman needs the developer's own manager, which comes up after ssh does.
for ((tries = 0; tries < 100; tries++)); do
	if [[ ! -e /var/lib/systemd/linger/$USER || -d /run/user/$UID ]]; then break; fi
	sleep 0.1
done
if [[ -d /run/user/$UID ]]; then export XDG_RUNTIME_DIR=/run/user/$UID; fi

echo '::dvm containers'
podman ps --all --filter "name=^dvm-$1-" --format json </dev/null || exit
echo
echo '::dvm volumes'
volumes=$(podman volume ls --format '{{.Name}}' </dev/null) || exit
while IFS= read -r name; do
	if [[ $name != "dvm-$1-"* ]] || podman container exists "$name" </dev/null; then continue; fi
	holds=unknown
	if place=$(podman volume inspect --format '{{.Mountpoint}}' "$name" </dev/null 2>/dev/null) &&
		# With the ids of containers, whose files they are. It only looks for names: what is in there runs nothing out here.
		found=$(podman unshare find "$place" -maxdepth 6 \( -name node_modules -o -name .cache -o -name .venv \) -prune -o -name .git -print -quit </dev/null 2>/dev/null); then
		holds=nothing
		[[ -z $found ]] || holds=repository
	fi
	echo "$name $holds"
done <<<"$volumes"
exit 0
