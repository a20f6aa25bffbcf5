# bash completion of dvm, for bash 3.2 and later. It asks dvm itself what may come next, so it never goes stale.
_dvm() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :path ]]; then
      # The shell's own file names, which it quotes itself.
      compopt -o default 2>/dev/null
      return 0
    fi
    COMPREPLY+=("${line%%$'\t'*}")
  done < <(command dvm __complete -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" "${2-${COMP_WORDS[COMP_CWORD]}}" </dev/null 2>/dev/null)
  return 0
}
if type compopt >/dev/null 2>&1; then
  complete -F _dvm dvm
else
  # bash 3.2 cannot choose each time: it offers file names wherever dvm has nothing to offer.
  complete -o default -F _dvm dvm
fi
