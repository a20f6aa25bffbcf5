# shellcheck shell=bash disable=SC2034
# Settings for this VM. Read as bash, after the global config.sh.

# DVM_CPUS=4
# DVM_MEMORY=4
# DVM_DISK=60

# Ports of this VM on the host's loopback, host:guest.
# DVM_PORTS=(3000:3000 5432:5432)

# Lets this VM use your ssh agent. The risk: while you are connected, whoever is root in here can log in as you wherever your keys open.
# DVM_FORWARD_AGENT=1
