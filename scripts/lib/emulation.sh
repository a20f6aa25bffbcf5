# shellcheck shell=bash
# Says how fast VMs will be here. dvm itself finds that out and sets what Lima needs.

say_acceleration() {
  [[ $(uname -s) == Linux ]] || return 0
  if clean_as_account / sh -c '[ -r /dev/kvm ] && [ -w /dev/kvm ]'; then
    say '  ok  KVM: open to this account'
  else
    say '  --  no KVM that this account may use: VMs are emulated, everything works, several times slower'
  fi
}
