# shellcheck shell=bash disable=SC2034
# A project: a container of its own in this VM, with a workspace that no other project sees. Read as bash. What is set here is fixed when
# the container is made; after a change: dvm reset VM/PROJECT --yes --keep-data

# The image it runs from. Without one: the dev-base (`dvm base dev-init`), or a bare system when there is none.
# IMAGE=docker.io/library/node:24

# Where the workspace is mounted in the container.
# PROJ_WORKDIR=/work

# Ports on the loopback of the VM, host:guest. Lima forwards them to the loopback of this machine.
# PROJ_PORTS=(5173:5173)

# 1: containers inside this container. It gets /dev/fuse, and no SELinux label keeps it apart.
# NESTED=1
