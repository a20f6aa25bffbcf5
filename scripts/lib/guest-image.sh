# shellcheck shell=bash
# The builder's guest image from Debian packages, for where Lima's own Debian image cannot be downloaded, and its Lima template.

# Where Lima's Debian templates take their images from.
debian_images=https://cloud.debian.org/images/cloud/trixie/latest/

# Is one needed? Not when the person names a template, nor when Lima can download its own.
guest_image_needed() {
  [[ $(uname -s) == Linux && -z ${DVM_BUILDER_TEMPLATE:-} ]] || return 1
  ! reachable "$debian_images"
}

builder_template() { printf '%s/guest/builder.yaml' "$account_tools"; }

ensure_guest_image() {
  local folder=$account_tools/guest made machine=x86_64
  made=$(hash_of "$(uname -m)" "$folder" -- "$repo/scripts/guest" "$repo/scripts/lib/guest-image.sh")
  if is_made "$folder/builder.yaml" "$made"; then already && return; fi
  [[ $(uname -m) == x86_64 ]] || machine=aarch64
  as_account_folder "$folder"
  "$repo/scripts/guest/build" "$folder/builder.qcow2"
  cat >"$folder/builder.yaml" <<YAML
# The builder's guest image, made on this machine from Debian packages.
minimumLimaVersion: 2.0.0
images:
  - location: "$folder/builder.qcow2"
    arch: $machine
mounts: []
containerd:
  system: false
  user: false
YAML
  mark_made "$folder/builder.yaml" "$made"
  give_to_account "$folder"
}
