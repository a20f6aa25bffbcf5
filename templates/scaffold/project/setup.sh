# shellcheck shell=bash
# Runs inside the project's container at every `dvm sync`, in the workspace, as the user of its image: root, unless it names another.
# Write it to be run again.
# Tools that all projects need belong into the dev-base (`dvm base dev-init`).
#
# Set here: DVM_VM, DVM_PROJECT, PROJ_WORKDIR, PROJ_PORTS

# [[ -d .git ]] || git clone https://example.com/you/project.git .
