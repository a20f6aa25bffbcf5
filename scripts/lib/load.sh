# shellcheck shell=bash
# Sourced first by every entry script: the strict mode, where things are, and the other files of this folder.
set -Eeuo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=$repo/.tools
logs=$tools/log
yes=false
mkdir -p "$logs"
. "$repo/scripts/lib/say.sh"
. "$repo/scripts/lib/jobs.sh"
. "$repo/scripts/lib/stamp.sh"
. "$repo/scripts/lib/consent.sh"
. "$repo/scripts/lib/apt-source.sh"
. "$repo/scripts/lib/packages.sh"
. "$repo/scripts/lib/node.sh"
. "$repo/scripts/lib/account.sh"
. "$repo/scripts/lib/fetch.sh"
. "$repo/scripts/lib/lima.sh"
. "$repo/scripts/lib/guest-image.sh"
. "$repo/scripts/lib/emulation.sh"
. "$repo/scripts/lib/project.sh"
. "$repo/scripts/lib/prepare.sh"
