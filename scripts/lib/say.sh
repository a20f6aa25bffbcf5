# shellcheck shell=bash
# What the person reads: one line a step on stderr, and errors that say what to type.

say() { printf '%s\n' "$*" >&2; }

fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  [[ $# == 0 ]] || printf '  %s\n' "$@" >&2
  exit 1
}

seconds_since() { printf '%d s' $((SECONDS - $1)); }

# For a word that no script takes, and for --help: ends it with what $usage says.
tell_usage() {
  case $1 in
    --help | -h) printf '%s\n' "$usage" && exit 0 ;;
    *) say "unknown option $1" && say "$usage" && exit 2 ;;
  esac
}
