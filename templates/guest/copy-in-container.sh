# shellcheck shell=bash
# Runs copy.sh in a project's container, which is started when it does not run: $1 the container, $2 the script, then its arguments.
# Passed whole to `bash -c` as the developer, because stdin and stdout carry the data. Inside it is who the image says, as for every other
# way in: files that another user left there could not be changed by those who work with them.
set -u
if [[ -d /run/user/$UID ]]; then export XDG_RUNTIME_DIR=/run/user/$UID; fi
container=$1
script=$2
shift 2
running=$(podman container inspect --format '{{.State.Running}}' "$container" </dev/null) || exit
[[ $running == true ]] || podman start "$container" </dev/null >/dev/null || exit
exec podman exec --interactive --detach-keys= "$container" bash --norc -c "$script" dvm "$@"
