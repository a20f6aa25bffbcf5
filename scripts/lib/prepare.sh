# shellcheck shell=bash
# What both quickstart and the end-to-end tests stand on: packages, account, Lima, the guest image, the built dvm. Side by side where
# one does not need the other.

# prepare true|false PACKAGE-SET...: with or without the builder's guest image.
prepare() {
  local guest=$1 packages=()
  shift
  if [[ $guest == true ]]; then
    packages=(and-then "builder's guest image, from Debian packages" ensure_guest_image)
    set -- "$@" guest
  fi
  agree_to_packages "$@"
  if is_root; then agree_to_account; fi
  ensure_account
  agree_to_lima
  spawn 'system packages' ensure_packages "$@" ${packages[@]+"${packages[@]}"}
  spawn 'Lima' ensure_lima
  spawn 'npm packages' install_npm_packages and-then 'build' build_project
  join
  give_account_node
  say_acceleration
}
