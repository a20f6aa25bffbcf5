#!/usr/bin/env bash
# Evaluates configuration layers for dvm and writes the variables that it knows, NUL-separated, to a file.
#
#   read-config.sh RESULT MESSAGES NAME[=DEFAULT]... -- FILE...
#
# A layer is the user's own bash: it may print, set options and traps, redefine builtins, close descriptors. So
#  - everything is one brace group: bash has parsed it whole before a layer can close the script or define an alias;
#  - results go to a file, appended by name, and no descriptor of dvm's is left open here: a layer cannot write into
#    the result by accident, and a process that it leaves behind does not keep dvm waiting;
#  - a layer that ends the shell leaves no "end" after its "begin", and that is how dvm knows and can name it;
#  - it runs at top level, not in a function, where `declare` would make its variables local.
# Works with bash 3.2, the one of macOS. Nothing here may use names without the prefix __dvm_.
{
  readonly __dvm_result=$1 __dvm_bash=$BASH
  exec </dev/null >/dev/null 2>>"$2"
  shift 2
  __dvm_names=()
  while [[ $1 != -- ]]; do
    # dvm passes only names made of letters, digits and _, so this cannot be anything but an assignment.
    if [[ $1 == *=* ]]; then eval "${1%%=*}=\${1#*=}"; fi
    __dvm_names[${#__dvm_names[@]}]=${1%%=*}
    shift
  done
  shift
  readonly __dvm_names
  __dvm_files=("$@")
  readonly __dvm_files
  set --

  for __dvm_file in "${__dvm_files[@]}"; do
    printf '%s\0' begin "$__dvm_file" >>"$__dvm_result"
    __dvm_status=0
    # With `||` a layer's `set -e` cannot end this shell when the layer's last test happens to be false.
    # shellcheck source=/dev/null
    . "$__dvm_file" || __dvm_status=$?

    # In POSIX mode special builtins (unset, set, trap, eval) win over functions of the same name.
    POSIXLY_CORRECT=1
    unset -f unset set trap eval
    set +eufvxTE
    set --
    trap - DEBUG ERR RETURN
    unset -f printf declare enable builtin command
    set +o posix
    unset POSIXLY_CORRECT
    enable printf declare

    # A false last line is not an error; a layer that bash cannot parse is.
    if [[ $__dvm_status != 0 ]] &&
      ! LC_ALL=C "$__dvm_bash" --noprofile --norc -O extglob -n "$__dvm_file" 2>|"$__dvm_result.syntax"; then
      printf '%s\0' syntax "$__dvm_file" >>"$__dvm_result"
      break
    fi

    __dvm_count=0 __dvm_kind=
    for __dvm_name in "${__dvm_names[@]}"; do
      eval "__dvm_count=\${#${__dvm_name}[@]}"
      if [[ $__dvm_count == 0 ]]; then continue; fi
      if ((BASH_VERSINFO[0] >= 5)); then
        eval "__dvm_kind=\${${__dvm_name}[@]@a}"
      else
        __dvm_kind=$(declare -p "$__dvm_name")
        __dvm_kind=${__dvm_kind#declare -}
      fi
      printf '%s\0' value "$__dvm_name" "${__dvm_kind%% *}" "$__dvm_count" >>"$__dvm_result"
      eval "printf '%s\\0' \"\${${__dvm_name}[@]}\" >>\"\$__dvm_result\""
    done
    printf '%s\0' end "$__dvm_file" >>"$__dvm_result"
  done
  exit 0
}
