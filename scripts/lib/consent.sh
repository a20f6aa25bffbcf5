# shellcheck shell=bash
# Changes to the system (packages, an account) happen in CI, with --yes, or after a question on a terminal. Never otherwise.

# consent QUESTION COMMAND-TO-SHOW
consent() {
  local answer
  if [[ $yes == true || ${CI:-} == true || ${CI:-} == 1 ]]; then return 0; fi
  if [[ -t 0 && -t 2 ]]; then
    printf '%s\n%s\n[y/N] ' "$1" "$(printf '%s\n' "$2" | sed 's/^/    /')" >&2
    read -r answer
    case $answer in y | Y | yes) return 0 ;; esac
    fail 'nothing was changed' 'run the command above yourself, then this one again'
  fi
  fail "$1" 'there is no terminal to ask on; run this again with --yes, or first, yourself, as root:' "$(printf '%s\n' "$2" | sed '2,$s/^/  /')"
}

# Asks for sudo's password while there is a terminal to ask on.
let_sudo_in() {
  if [[ $(id -u) != 0 && -t 0 ]] && command -v sudo >/dev/null; then sudo -v; fi
}

# Runs a shell script as root: directly, or through sudo.
as_root() {
  if [[ $(id -u) == 0 ]]; then
    sh -euc "$1"
  elif command -v sudo >/dev/null; then
    # A step has no terminal: sudo was let in before (let_sudo_in), or needs no password.
    sudo -n sh -euc "$1" || fail 'sudo asked for a password, or that failed' 'run as root:' "$1"
  else
    fail 'this needs root, and there is no sudo' 'run as root:' "$1"
  fi
}
