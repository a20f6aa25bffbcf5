# shellcheck shell=bash
# The checkout: its npm packages, its build, and the packed dvm as a person would install it.

install_npm_packages() {
  local made
  made=$(hash_of "$(node -v)" -- "$repo/package-lock.json")
  if [[ -d $repo/node_modules ]] && is_made "$tools/npm-packages" "$made"; then already && return; fi
  (cd "$repo" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline)
  : >"$tools/npm-packages"
  mark_made "$tools/npm-packages" "$made"
}

build_project() {
  local made
  made=$(hash_of -- "$repo/src" "$repo/scripts/bundle.ts" "$repo/package.json" "$repo/package-lock.json")
  if [[ -e $repo/dist/main.js ]] && is_made "$tools/build" "$made"; then already && return; fi
  (cd "$repo" && npm run --silent build)
  : >"$tools/build"
  mark_made "$tools/build" "$made"
}

# The packed dvm, in a folder of its own: install_packed FOLDER
install_packed() {
  local folder=$1 packed
  rm -rf "$folder"
  mkdir -p "$folder"
  packed=$(cd "$repo" && npm pack --ignore-scripts --silent --pack-destination "$folder")
  tar -xzf "$folder/$packed" -C "$folder" --strip-components=1
  rm "$folder/$packed"
}
