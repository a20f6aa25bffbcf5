# shellcheck shell=bash
# Lima 2.1 or newer: already there, or brew, or built from its Go module, or the official release archive.

# The folder of limactl: the one in the account's tools, otherwise the system's.
lima_bin() {
  if [[ -x $account_tools/lima/bin/limactl ]]; then
    printf '%s/lima/bin' "$account_tools"
  else
    dirname "$(system_limactl)"
  fi
}

# The system's own limactl, if the account can use it and it is new enough.
system_limactl() {
  local candidate version
  for candidate in $(type -ap limactl) /opt/homebrew/bin/limactl; do
    [[ -x $candidate ]] || continue
    version=$(limactl_version "$candidate")
    if [[ $version =~ ^([0-9]+)\.([0-9]+) ]] && ((BASH_REMATCH[1] > 2 || (BASH_REMATCH[1] == 2 && BASH_REMATCH[2] >= 1))); then
      printf '%s' "$candidate"
      return
    fi
  done
}

# limactl refuses root even this.
limactl_version() {
  if is_root; then
    setpriv --reuid="$account" --regid="$account" --clear-groups -- env HOME=/ "$1" --version 2>/dev/null | awk '{ print $NF }'
  else
    "$1" --version 2>/dev/null | awk '{ print $NF }'
  fi
}

has_go() {
  local version
  version=$(go env GOVERSION 2>/dev/null) || return 1
  # From 1.21 on go fetches the newer one that the module asks for.
  [[ $version =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 21))
}

agree_to_lima() {
  if [[ $(uname -s) == Darwin && -z $(system_limactl) ]] && command -v brew >/dev/null; then
    consent 'Lima is missing' 'brew install lima'
  fi
}

ensure_lima() {
  local made
  made=$(hash_of "$(uname -sm)" -- "$repo/scripts/lima/build" "$repo/scripts/lima/go.mod" "$repo/scripts/lima/go.sum" "$repo/scripts/lima/archives.sha256")
  if is_made "$account_tools/lima" "$made"; then already && return; fi
  if [[ -n $(system_limactl) ]]; then already && return; fi
  if [[ $(uname -s) == Darwin ]] && command -v brew >/dev/null; then
    brew install lima
    return
  fi
  as_account_folder "$account_tools"
  if has_go && "$repo/scripts/lima/build" "$account_tools/lima.new"; then
    echo 'built from its Go module'
  else
    unpack_lima "$account_tools/lima.new"
  fi
  rm -rf "$account_tools/lima"
  mv "$account_tools/lima.new" "$account_tools/lima"
  mark_made "$account_tools/lima" "$made"
  give_to_account "$account_tools/lima" "$account_tools/lima.made-from"
}

# The official release archive, whose SHA-256 is pinned.
unpack_lima() {
  local machine sum name version
  machine=$(uname -m)
  [[ $(uname -s) != Linux || $machine != arm64 ]] || machine=aarch64
  read -r sum name < <(grep -- "-$(uname -s)-$machine.tar.gz" "$repo/scripts/lima/archives.sha256") || fail "no Lima archive for $(uname -sm)"
  version=${name#lima-}
  version=${version%%-*}
  rm -rf "$1"
  mkdir -p "$1"
  download "https://github.com/lima-vm/lima/releases/download/v$version/$name" "$1.tar.gz" "$sum"
  tar -xzf "$1.tar.gz" -C "$1"
  rm -f "$1.tar.gz"
}
