# shellcheck shell=bash
# Is all that root does at a sync still as the last one left it? Then no sudo is called: that alone is 180 ms in an emulated VM. Run as
# Lima's login user, who must be the developer too: into another home it cannot look. No process either.
#
# root's note, in /run and so gone with the next boot, has its key (src/core/guest-script.ts) in it and the time at which root began. What
# was changed since then is newer, and a name that came or went made its directory newer.

# dvm_prepared KEY
dvm_prepared() {
	local note=/run/dvm-prepared known='' place
	[[ ${USER:-} == "$DVM_USER" && -r $note ]] || return 1
	read -r known <"$note" || return 1
	[[ $known == "$1" && -d $HOME && -d $DVM_CODE_DIR ]] || return 1
	for place in /etc /etc/passwd /etc/subuid /etc/subgid /etc/environment /etc/environment.d /etc/sudoers.d \
		/etc/profile.d /etc/profile.d/dvm-network.sh /etc/dvm /etc/dvm/network.env \
		/etc/containers/registries.conf.d /etc/containers/registries.conf.d/50-dvm-network.conf /etc/dnf \
		/etc/dvm/trust /etc/dvm/trust/company.pem /etc/dvm/trust/bundle.pem /etc/dvm/trust/apt.conf /etc/dvm/trust/dnf.conf \
		/etc/cdi /etc/cdi/dvm-network.json \
		/etc/ssl/certs/ca-certificates.crt /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem; do
		[[ $note -nt $place ]] || return 1
	done
}
