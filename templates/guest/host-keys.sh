# shellcheck shell=bash
# Tells the guest's ssh host keys, which everybody may read: at each sync as Lima's login user, and for `dvm ssh-config`. No process.
dvm_host_keys() {
	local file type key rest
	for file in /etc/ssh/ssh_host_*_key.pub; do
		[[ -r $file ]] || continue
		read -r type key rest <"$file" || [[ -n $type ]] || continue
		echo "::dvm host key:: $type $key"
	done
}
dvm_host_keys
unset -f dvm_host_keys
