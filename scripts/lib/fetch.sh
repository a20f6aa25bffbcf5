# shellcheck shell=bash
# The network, through Node: nothing else is needed for it, and it knows the proxy and the certificates.

# reachable URL: does the server answer for it within a few seconds? (A registry's "log in first" is an answer.)
reachable() { NODE_USE_ENV_PROXY=1 node "$repo/scripts/lib/fetch.mjs" probe "$1" >/dev/null 2>&1; }

# download URL FILE SHA256
download() { NODE_USE_ENV_PROXY=1 node "$repo/scripts/lib/fetch.mjs" download "$1" "$2" "$3"; }
