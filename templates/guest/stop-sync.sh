#!/bin/bash
# Stops what an interrupted sync left running in a VM. Run as root over stdin. A lost connection stops nothing by itself, and the next
# sync would run a second setup.sh beside the first. Everything that came over one ssh call is one session, led by this shell:
set -u

for leader in $(pgrep -f '^bash -s -- dvm-sync$'); do
	session=$(ps -o sid= -p "$leader")
	pkill -TERM -s "${session// /}"
done
exit 0
