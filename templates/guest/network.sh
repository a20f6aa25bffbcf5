# shellcheck shell=bash disable=SC2154
# Brings a VM up to the network settings of the host: proxies, a company's certificates, registry mirrors. Part of what root runs over
# stdin at every sync, and before every build in the builder, after lines that set network_environment (NAME=value lines),
# network_registries, network_certificates (PEM), the texts of files that go with these, and network_reader, an account. Empty = none:
# what an earlier run left goes again.
#
# As in bootstrap.sh, most runs find everything in place and start no process: files are compared with what they should hold.
set -Eeuo pipefail

readonly network_trust=/etc/dvm/trust

# network_holds FILE TEXT
network_holds() {
	local have=''
	[[ -f $1 && ! -L $1 ]] || return 1
	IFS= read -r -d '' have <"$1" || true
	[[ $have == "$2" ]]
}

# network_put FILE MODE TEXT [GROUP]: the file with that text, in one step; without text there is no file.
network_put() {
	if [[ -z $3 ]]; then
		[[ ! -e $1 && ! -L $1 ]] || rm -f -- "$1"
		return
	fi
	if network_holds "$1" "$3"; then return; fi
	[[ -d ${1%/*} ]] || mkdir -p -- "${1%/*}"
	# Private from its first byte on.
	(umask 077 && printf '%s' "$3" >"$1.dvm-new")
	[[ -z ${4:-} ]] || chgrp -- "$4" "$1.dvm-new"
	chmod "$2" "$1.dvm-new"
	mv -fT -- "$1.dvm-new" "$1"
}

# Proxies may hold passwords: root and the developer read them, nobody else. The other files hold no value and only lead there: login
# shells, the developer's services from the next boot on, and sudo, which would drop the variables.
network_apply_proxies() {
	local group=root names='' line
	if [[ -n $network_environment ]]; then
		if [[ $network_reader != root ]] && ! network_holds /etc/dvm/network.env "$network_environment"; then
			group=$(id -g -- "$network_reader")
		fi
		while IFS= read -r line; do
			case $line in
			[A-Za-z]*=*) names+=" ${line%%=*}" ;;
			esac
		done <<<"$network_environment"
		network_put /etc/profile.d/dvm-network.sh 0644 $'# Kept by dvm sync.\nif [ -r /etc/dvm/network.env ]; then set -a; . /etc/dvm/network.env; set +a; fi\n'
		network_put /etc/sudoers.d/dvm-network 0440 "# Kept by dvm sync."$'\n'"Defaults env_keep += \"${names# }\""$'\n'
	else
		network_put /etc/profile.d/dvm-network.sh 0644 ''
		network_put /etc/sudoers.d/dvm-network 0440 ''
	fi
	network_put /etc/dvm/network.env 0640 "$network_environment" "$group"
	local link=/etc/environment.d/90-dvm-network.conf
	if [[ -n $network_environment && ! -L $link ]]; then
		[[ -d ${link%/*} ]] || mkdir -p -- "${link%/*}"
		ln -sfT /etc/dvm/network.env "$link"
	elif [[ -z $network_environment && -L $link ]]; then
		rm -f -- "$link"
	fi
}

# Lima writes the proxies of its own last start, passwords included, where everybody reads them. They are these or out of date.
network_without_limas() {
	local file=/etc/environment line text='' inside='' found=''
	[[ -f $file && ! -L $file ]] || return 0
	while IFS= read -r line || [[ -n $line ]]; do
		case $line in
		'#LIMA-START'*) inside=1 ;;
		'#LIMA-END'*) inside='' ;;
		esac
		if [[ -n $inside && $line =~ ^[A-Za-z]+_(proxy|PROXY)= ]]; then found=1; else text+=$line$'\n'; fi
	done <"$file"
	[[ -z $found ]] || network_put "$file" 0644 "$text"
}

# network_anchors: one file for each certificate, as both families of tools want them.
network_anchors() {
	local directory=$1 ending=$2 line text='' number=0
	rm -f -- "$directory"/dvm-network-*."$ending"
	while IFS= read -r line; do
		text+=$line$'\n'
		if [[ $line == *END\ CERTIFICATE* ]]; then
			number=$((number + 1))
			network_put "$directory/dvm-network-$number.$ending" 0644 "$text"
			text=''
		fi
	done <<<"$network_certificates"
}

# In the system's own store for what runs in the VM, and a copy of that store for containers, which have stores of their own.
network_apply_certificates() {
	local store tool changed='' device='' link
	if network_holds "$network_trust/company.pem" "$network_certificates"; then
		:
	elif [[ -n $network_certificates || -e $network_trust/company.pem ]]; then
		changed=1
	else
		return 0
	fi

	if type -P update-ca-certificates >/dev/null; then
		tool=update-ca-certificates
		store=/etc/ssl/certs/ca-certificates.crt
		if [[ -n $changed ]]; then
			network_anchors /usr/local/share/ca-certificates crt
			# Without --fresh, which takes seconds, those that are gone would leave links behind.
			rm -f -- /etc/ssl/certs/dvm-network-*.pem
			for link in /etc/ssl/certs/*.[0-9]; do
				if [[ -L $link && ! -e $link ]]; then rm -f -- "$link"; fi
			done
		fi
	elif type -P update-ca-trust >/dev/null; then
		tool=update-ca-trust
		store=/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem
		[[ -z $changed ]] || network_anchors /etc/pki/ca-trust/source/anchors pem
	else
		echo "this VM has neither update-ca-certificates nor update-ca-trust: your company's certificates are not trusted in it yet" >&2
		# Said at each sync: whoever comes after this (src/core/guest-script.ts) does not note it as done.
		# shellcheck disable=SC2034
		again=1
		return 0
	fi
	if [[ -n $changed ]]; then
		echo "bringing the trusted certificates up to date"
		"$tool" </dev/null >/dev/null
	fi

	# Kept when the certificates go: containers that run may still name it.
	if [[ -n $changed || $store -nt $network_trust/bundle.pem ]]; then
		mkdir -p -- "$network_trust"
		cp -- "$store" "$network_trust/bundle.pem.dvm-new"
		chmod 0644 "$network_trust/bundle.pem.dvm-new"
		mv -fT -- "$network_trust/bundle.pem.dvm-new" "$network_trust/bundle.pem"
	fi
	network_put "$network_trust/apt.conf" 0644 "$network_apt"
	network_put "$network_trust/dnf.conf" 0644 "$network_dnf"
	if [[ -n $network_certificates ]]; then
		device=$network_device
		if [[ -d /etc/dnf/libdnf5.conf.d ]]; then device=$network_dnf_device; fi
	fi
	network_put /etc/cdi/dvm-network.json 0644 "$device"
	# A container may read it where SELinux decides. Not a reason to stop: without the label only containers miss it.
	if [[ -n $changed ]] && type -P chcon >/dev/null; then chcon -R -t container_file_t "$network_trust" 2>/dev/null || true; fi
	# Last: a run that was cut short is done again.
	network_put "$network_trust/company.pem" 0644 "$network_certificates"
}

network_apply_proxies
network_without_limas
network_put /etc/containers/registries.conf.d/50-dvm-network.conf 0644 "$network_registries"
network_apply_certificates
