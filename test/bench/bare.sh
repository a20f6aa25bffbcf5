#!/bin/bash
# The same work as dvm's, as the bare limactl and podman commands that a person would put into a script. Measured beside dvm.
#   bare.sh build BUILDER BASE_DIR TEMPLATES BASE_IMAGE OUT [--no-cache]
#   bare.sh sync INSTANCE SCRIPT
#   bare.sh sync-account INSTANCE SCRIPT USER BOOTSTRAP
#   bare.sh lend BUILDER INSTANCE IMAGE
#   bare.sh dev-base INSTANCE CONTEXT IMAGE
set -Eeuo pipefail

build() {
	local builder=$1 base_dir=$2 templates=$3 bootc=$4 out=$5
	shift 5
	local work=/var/lib/dvm/bare
	run() { limactl shell --workdir / "$builder" sudo "$@"; }
	run sh -c "rm -rf $work; mkdir -p $work/context $work/plumbing/rootfs $work/output" </dev/null
	tar -C "$base_dir" -c . | run tar -x --no-same-owner -C $work/context
	tar -C "$templates/debian" -c . | run tar -x --no-same-owner -C $work/plumbing
	tar -C "$templates/guest/rootfs" -c . | run tar -x --no-same-owner -C $work/plumbing/rootfs
	run podman build "$@" --network host --build-arg DVM_BOOTC_BASE="$bootc" -t localhost/dvm-bare-base \
		-f $work/plumbing/dvm-base.Containerfile $work/plumbing </dev/null
	run podman build "$@" --network host --build-context dvm-base=container-image://localhost/dvm-bare-base -t localhost/dvm-bare-target \
		-f $work/context/Containerfile $work/context </dev/null
	run podman run --rm --network none --interactive --entrypoint bash localhost/dvm-bare-target -s <"$templates/guest/check-image.sh"
	run podman build --network host --build-arg DVM_BOOTC_BASE="$bootc" -t localhost/dvm-bare-disk-builder $work/plumbing/disk-builder </dev/null
	run podman run --rm --privileged --network none --security-opt label=type:unconfined_t \
		-v /var/lib/containers/storage:/var/lib/containers/storage -v $work/output:/output \
		localhost/dvm-bare-disk-builder --type qcow2 --rootfs ext4 --progress debug localhost/dvm-bare-target </dev/null
	run sha256sum $work/output/qcow2/disk.qcow2 </dev/null | cut -d' ' -f1 >"$out.remote"
	run cat $work/output/qcow2/disk.qcow2 </dev/null >"$out"
	[[ $(sha256sum "$out" | cut -d' ' -f1) == "$(<"$out.remote")" ]]
	run rm -rf $work </dev/null
}

# With what dvm does besides: the account, as root.
sync-account() {
	sync "$1" "$2"
	limactl shell --workdir / "$1" sudo DVM_USER="$3" DVM_CODE_DIR="/home/$3/code" DVM_SUBUID_COUNT=0 DVM_SUBGID_COUNT=0 bash -s <"$4"
}

sync() {
	limactl list --format json >/dev/null
	limactl --tty=false start "$1" 2>/dev/null
	limactl shell --workdir / "$1" bash -s <"$2"
}

lend() {
	limactl shell --workdir / "$1" sudo podman save --quiet "$3" </dev/null | limactl shell --workdir / "$2" podman load --quiet >/dev/null
}

dev-base() {
	local instance=$1 context=$2 from=$3 work=/var/tmp/bare-dev-base
	limactl shell --workdir / "$instance" mkdir $work </dev/null
	tar -C "$context" -c . | limactl shell --workdir / "$instance" tar -x -C $work
	limactl shell --workdir / "$instance" podman build --no-cache --build-arg DVM_DEV_FROM="$from" -t localhost/bare-dev-base $work </dev/null
	# The container of a project, as somebody would start it by hand.
	limactl shell --workdir / "$instance" podman run --detach --restart=always --name bare --volume bare:/work \
		localhost/bare-dev-base sleep infinity </dev/null
}

"$@"
