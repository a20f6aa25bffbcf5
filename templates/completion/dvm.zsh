#compdef dvm
# zsh completion of dvm. It asks dvm itself what may come next, so it never goes stale.
_dvm() {
  local line
  local -a candidates
  while IFS= read -r line; do
    if [[ $line == :path ]]; then
      # The shell's own file names; after `--option=`, too.
      compset -P '--*='
      _files
      return
    fi
    # What zsh wants between a word and what it is.
    candidates+=("${line/$'\t'/:}")
  done < <(command dvm __complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" </dev/null 2>/dev/null)
  _describe dvm candidates
}
# As a file in fpath it is called at once; sourced, it only registers.
if [[ ${funcstack[1]} == _dvm ]]; then
  _dvm "$@"
else
  compdef _dvm dvm
fi
