# shellcheck shell=bash
# The ordinary account that Lima runs under. It is the person's own, except for root, whom Lima refuses: then it is `dvm`.

account=$(id -un)
account_home=$HOME
# What a user's tools are kept in: beside the checkout, or in the account's home when the checkout may be closed to it.
account_tools=$tools

if [[ $(id -u) == 0 ]]; then
  account=dvm
  account_home=
  account_tools=
fi

is_root() { [[ $(id -u) == 0 ]]; }

account_exists() { id -u "$account" >/dev/null 2>&1; }

find_account_home() {
  is_root || return 0
  account_home=$(getent passwd "$account" | cut -d: -f6)
  account_tools=$account_home/.local/share/dvm
}

agree_to_account() {
  if account_exists; then return; fi
  [[ $(uname -s) == Linux ]] || fail 'Lima refuses to run as root' 'run this as an ordinary user'
  consent "Lima refuses to run as root: an ordinary account \"$account\" is needed" "useradd --create-home --shell /bin/bash $account"
}

make_account() {
  if account_exists; then already && return; fi
  useradd --create-home --shell /bin/bash "$account"
  # The kernel's virtualisation is usually open to one group only.
  if [[ -e /dev/kvm ]] && getent group kvm >/dev/null; then usermod --append --groups kvm "$account"; fi
}

ensure_account() {
  if is_root && ! account_exists; then step "account $account, because Lima refuses root" make_account; fi
  find_account_home
}

# What an account's program may know of this environment: the proxy, the certificates, that it is CI. Nothing else of root's.
passed_on() {
  local name
  for name in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy NODE_EXTRA_CA_CERTS SSL_CERT_FILE CI TERM NO_COLOR; do
    [[ -z ${!name:-} ]] || printf '%s=%s\n' "$name" "${!name}"
  done
}

# clean_as_account FOLDER VARIABLE=VALUE... COMMAND...: as the account, in that folder, with a clean environment.
clean_as_account() {
  local folder=$1
  shift
  local environment=(HOME="$account_home" USER="$account" LOGNAME="$account" SHELL=/bin/bash LANG=C.UTF-8 PATH="$(account_path)") line
  while IFS= read -r line; do environment+=("$line"); done < <(passed_on)
  if is_root; then
    (cd "$folder" && setpriv --reuid="$account" --regid="$account" --init-groups -- env -i "${environment[@]}" "$@")
  else
    (cd "$folder" && env -i "${environment[@]}" "$@")
  fi
}

# The PATH of what runs as the account: its Node and Lima first.
account_path() {
  local node
  node=$(account_node)
  printf '%s:%s:/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin' "${node%/*}" "$(lima_bin)"
}

# The account's Node: root's may be closed to it, so root gives it a copy.
account_node() {
  if is_root; then printf '%s/node/bin/node' "$account_tools"; else node -p process.execPath; fi
}

give_account_node() {
  is_root || return 0
  local own
  own=$(node -p process.execPath)
  if [[ -x $(account_node) ]] && cmp -s "$own" "$(account_node)"; then return 0; fi
  as_account_folder "$account_tools/node/bin"
  install -m 755 "$own" "$(account_node)"
}

# A folder in the account's home that belongs to it, with the folders above.
as_account_folder() {
  if is_root; then
    setpriv --reuid="$account" --regid="$account" --init-groups -- mkdir -p "$1"
  else
    mkdir -p "$1"
  fi
}

give_to_account() { if is_root; then chown -R "$account:" "$@"; fi; }
