# shellcheck shell=bash
# Runs copy.sh in a project's container, which is started when it does not run: $1 the container, $2 how to ask whether it runs and where its
# workspace is, $3 where that is when it has none of its own, $4 the script, then its arguments. A path that is not absolute is one in the
# workspace. Passed whole to `bash -c` as the developer, because stdin and stdout carry the data. Inside it is who the image says, as for
# every other way in: files that another user left there could not be changed by those who work with them.
set -u
if [[ -d /run/user/$UID ]]; then export XDG_RUNTIME_DIR=/run/user/$UID; fi
container=$1
workspace=$3
script=$4
action=$5
path=$6
about=$(podman container inspect --format "$2" "$container" </dev/null) || exit
shift 6
[[ $about != *' /'* ]] || workspace=${about#* }
[[ $path == /* ]] || path=$workspace/$path
[[ $about == true* ]] || podman start "$container" </dev/null >/dev/null || exit
exec podman exec --interactive --detach-keys= "$container" bash --norc -c "$script" dvm "$action" "$path" "$@"
