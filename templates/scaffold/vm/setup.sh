# shellcheck shell=bash
# Runs inside the VM at every `dvm sync`, so write it to be run again: keys, dotfiles, what only this VM needs.
# Tools that every VM needs belong into the base image (`dvm base init`).
#
# Set here: DVM_NAME, DVM_VM, DVM_LIMA_NAME, DVM_USER, DVM_CODE_DIR, DVM_PORTS, DVM_SUBUID_COUNT, DVM_SUBGID_COUNT

# if command -v apt-get > /dev/null; then
#   sudo apt-get update && sudo apt-get install -y postgresql-client
# else
#   sudo dnf install -y postgresql   # on a base made with dvm, /usr is read-only: install in the Containerfile instead
# fi
