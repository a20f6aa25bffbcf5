# shellcheck shell=bash
# Which Debian archive this machine itself uses. Nothing here names a mirror: other suites are taken from where the machine's own come from.

apt_configuration=/etc/apt

# apt_archive SUITES: the first archive among apt's sources that serves one of the suites (an extended regular expression).
apt_archive() {
  local suites="^($1)\$" list deb822
  list=$(cat "$apt_configuration"/sources.list "$apt_configuration"/sources.list.d/*.list 2>/dev/null || true)
  deb822=$(for file in "$apt_configuration"/sources.list.d/*.sources; do [[ -e $file ]] && cat "$file" && echo; done || true)
  {
    awk -v suites="$suites" '
      $1 == "deb" {
        uri = 2
        if ($2 ~ /^\[/) { while ($uri !~ /\]$/) uri++; uri++ }
        if ($(uri + 1) ~ suites) print $uri
      }' <<<"$list"
    awk -v suites="$suites" '
      tolower($1) == "uris:" { uri = $2 }
      tolower($1) == "suites:" { for (i = 2; i <= NF; i++) if ($i ~ suites) found = 1 }
      /^[ \t]*$/ { if (found && uri != "") print uri; uri = ""; found = 0 }' <<<"$deb822"$'\n'
  } | awk 'NR == 1 { sub(/\/$/, ""); print }'
}

os_codename() { (. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}"); }
