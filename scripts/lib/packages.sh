# shellcheck shell=bash
# System packages: which sets there are, what of them is missing, and the one script that installs it.

package_manager() {
  local name
  for name in apt-get dnf pacman; do
    if command -v "$name" >/dev/null; then printf '%s' "$name" && return; fi
  done
}

# The sets. vm: what Lima needs to run a VM. guest: what makes the builder's guest image. e2e: what the tests use beside dvm.
package_set() {
  local arm=false
  [[ $(uname -m) == aarch64 || $(uname -m) == arm64 ]] && arm=true
  case $(package_manager)-$1-$arm in
    apt-get-vm-false) echo qemu-system-x86 qemu-utils ovmf openssh-client ;;
    apt-get-vm-true) echo qemu-system-arm qemu-utils qemu-efi-aarch64 openssh-client ;;
    apt-get-guest-*) echo mmdebstrap mtools gdisk e2fsprogs "$(libarchive_package)" debian-archive-keyring uidmap ;;
    apt-get-e2e-*) echo docker-registry openssl apache2-utils shellcheck zsh fish ;;
    dnf-vm-false) echo qemu-system-x86-core qemu-img edk2-ovmf openssh-clients ;;
    dnf-vm-true) echo qemu-system-aarch64-core qemu-img edk2-aarch64 openssh-clients ;;
    pacman-vm-false) echo qemu-base edk2-ovmf openssh ;;
    pacman-vm-true) echo qemu-base edk2-aarch64 openssh ;;
    *) echo "none-known-for-$1" ;;
  esac
}

libarchive_package() {
  case $(os_codename) in
    bullseye | bookworm | jammy) echo libarchive13 ;;
    *) echo libarchive13t64 ;;
  esac
}

# The lowest version that works, for the packages where it matters: QEMU 7.2 panics a 6.12 kernel, an older mke2fs reads no tar.
lowest_version() {
  case $1 in
    qemu-system-*) echo 1:8 ;;
    e2fsprogs) echo 1.47.1 ;;
    *) echo 0 ;;
  esac
}

is_installed() {
  case $(package_manager) in
    apt-get)
      local found
      found=$(dpkg-query -W -f='${db:Status-Status} ${Version}' "$1" 2>/dev/null) || return 1
      [[ $found == installed\ * ]] && dpkg --compare-versions "${found#installed }" ge "$(lowest_version "$1")"
      ;;
    dnf) rpm -q "$1" >/dev/null 2>&1 ;;
    pacman) pacman -Qq "$1" >/dev/null 2>&1 ;;
    *) return 1 ;;
  esac
}

# missing_packages SET...
missing_packages() {
  local set package
  for set in "$@"; do
    for package in $(package_set "$set"); do
      is_installed "$package" || printf '%s ' "$package"
    done
  done
}

# The shell script that installs packages; what is shown to the person is what runs.
install_script() {
  case $(package_manager) in
    apt-get) apt_script "$@" ;;
    dnf) echo "dnf install -y $*" ;;
    pacman) echo "pacman -S --needed --noconfirm $*" ;;
  esac
}

apt_script() {
  local release='' archive
  if [[ $(os_codename) == bookworm ]]; then
    release='-t bookworm-backports'
    if [[ -z $(apt_archive bookworm-backports) ]]; then
      archive=$(apt_archive bookworm)
      [[ -n $archive ]] || fail "apt's sources name no archive for bookworm" 'add bookworm-backports to them, then run this again'
      echo "echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive bookworm-backports main' >/etc/apt/sources.list.d/dvm-backports.list"
    fi
  fi
  echo 'apt-get -q -o Acquire::Retries=3 update'
  # A registry for the tests is a program that they start, not a service of this machine.
  if [[ " $* " == *' docker-registry '* && ! -e /usr/sbin/policy-rc.d ]]; then
    echo "{ echo '#!/bin/sh'; echo 'exit 101'; } >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d"
    echo 'trap "rm -f /usr/sbin/policy-rc.d" EXIT'
  fi
  echo "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 install --no-install-recommends $release $*"
}

# Asks for what is missing of the sets, before anything slow begins.
agree_to_packages() {
  local missing
  [[ $(uname -s) == Linux ]] || return 0
  missing=$(missing_packages "$@")
  [[ -n $missing ]] || return 0
  if [[ -z $(package_manager) || $missing == *none-known-for-* ]]; then
    fail "this needs $*, and how to install that on this system is not known" 'it is known for Debian, Ubuntu, Fedora and Arch'
  fi
  # shellcheck disable=SC2086
  consent "system packages are missing: ${missing% }" "$(install_script $missing)"
  let_sudo_in
}

ensure_packages() {
  local missing
  [[ $(uname -s) == Linux ]] || return 0
  missing=$(missing_packages "$@")
  [[ -n $missing ]] || { already && return; }
  # shellcheck disable=SC2086
  as_root "$(install_script $missing)"
  missing=$(missing_packages "$@")
  [[ -z $missing ]] || fail "this system has no new enough: ${missing% }" 'they are in Debian 12 with backports, and in Debian 13'
}
