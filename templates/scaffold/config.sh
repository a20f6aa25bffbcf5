# shellcheck shell=bash disable=SC2034
# Settings for all VMs. Read as bash; a VM's own config.sh overrides them. Both are for you to edit.

# The user inside each VM.
DVM_USER="{{user}}"

# What each VM gets. CPUs default to the host's less one or two.
# DVM_CPUS=4
# DVM_MEMORY=2
# DVM_DISK=30

# Subordinate ids for rootless containers; 0 means none.
# DVM_SUBUID_COUNT=65536
# DVM_SUBGID_COUNT=65536
