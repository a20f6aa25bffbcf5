# shellcheck shell=bash
# Takes in the dev-base that was built in the builder, as the developer: its archive comes over stdin. Passed whole to `bash -c`, after the
# functions of src/core/dev-base.ts.
set -Eeuo pipefail
if [[ -d /run/user/$UID ]]; then export XDG_RUNTIME_DIR=/run/user/$UID; fi
name_outgoing_dev_base
podman load --quiet
remove_old_dev_bases --no-prune
