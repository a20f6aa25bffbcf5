# shellcheck shell=bash
# A thing is made again only when what made it has changed: the stamp beside it holds the hash of that.

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi | awk '{ print $1 }'
}

# The hash of words and of files' names and contents, in folders too: hash_of WORD... -- PATH...
hash_of() {
  local words=()
  while [[ $# -gt 0 && $1 != -- ]]; do
    words+=("$1")
    shift
  done
  [[ $# == 0 ]] || shift
  {
    printf '%s\n' ${words[@]+"${words[@]}"}
    find "$@" -type f | LC_ALL=C sort | while IFS= read -r file; do
      printf '%s %s\n' "${file#"$repo"/}" "$(sha256 "$file")"
    done
  } | sha256
}

is_made() { [[ -e $1 && -e $1.made-from && $(cat "$1.made-from") == "$2" ]]; }

mark_made() { printf '%s\n' "$2" >"$1.made-from"; }
