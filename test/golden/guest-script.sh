if [[ -p /dev/stdin ]]; then . /dev/stdin; fi
set -Eeuo pipefail
export DVM_NAME=app
export DVM_VM=app
export DVM_LIMA_NAME=dvm-app
export DVM_USER=developer
export DVM_CODE_DIR=/home/developer/code/app
export DVM_PORTS=3000:3000,8080:80
export DVM_SUBUID_COUNT=65536
export DVM_SUBGID_COUNT=0
# host-keys.sh and prepared.sh
dvm_prepared() { false; }
if ! dvm_prepared 31362e7f5e3aecacc943378bfefabb8a4c81305b7c5be0f708eb7c73193cd72a; then
sudo DVM_USER="$DVM_USER" DVM_CODE_DIR="$DVM_CODE_DIR" DVM_SUBUID_COUNT="$DVM_SUBUID_COUNT" DVM_SUBGID_COUNT="$DVM_SUBGID_COUNT" bash -s <<'DVM_BOOTSTRAP_END'
if [[ -p /dev/stdin ]]; then . /dev/stdin; fi
noted=
if [[ ${SUDO_USER:-} == "$DVM_USER" ]]; then { install -m 0600 -o "$SUDO_UID" /dev/null /run/dvm-prepared-new && echo 31362e7f5e3aecacc943378bfefabb8a4c81305b7c5be0f708eb7c73193cd72a >/run/dvm-prepared-new && noted=1; } 2>/dev/null; fi
# bootstrap.sh
echo hello
if [[ -n $noted && -z ${again:-} ]]; then mv -f /run/dvm-prepared-new /run/dvm-prepared; fi
DVM_BOOTSTRAP_END
fi
unset -f dvm_prepared
set --
printf '%s\n' '::dvm setup.sh::'
. /dev/fd/3 3<<'DVM_SETUP_END' </dev/null
# setup.sh
echo mine
DVM_SETUP_END
exit
