#!/bin/bash
# Finds git work below the current directory that exists nowhere else. Run over stdin, as whoever owns it: in a project inside its
# container, because a repository's own settings can name programs for git to run. Prints pairs that end in NUL: what, path.
set -u

# For every repository, from whoever it is; nothing that a hook or a file system monitor would add.
git_in() {
	local repository=$1
	shift
	GIT_OPTIONAL_LOCKS=0 git -c safe.directory='*' -c core.fsmonitor=false -c core.hooksPath=/dev/null -C "$repository" "$@" </dev/null 2>/dev/null
}

say() { printf '%s\0%s\0' "$1" "$2"; }

look() {
	local repository=$1 commits
	[[ -z $(git_in "$repository" status --porcelain --ignore-submodules=none | head -n 1) ]] || say 'uncommitted changes' "$repository"
	[[ -z $(git_in "$repository" stash list | head -n 1) ]] || say 'stashed changes' "$repository"
	commits=$(git_in "$repository" log --branches --not --remotes --oneline | wc -l)
	((commits == 0)) || say "$commits unpushed commit$( ((commits == 1)) || echo s)" "$repository"
}

found=()
while IFS= read -r -d '' entry; do found+=("${entry%/.git}"); done < <(
	find "$PWD" -maxdepth 6 \( -name node_modules -o -name .cache -o -name .venv \) -prune -o -name .git -prune -print0 2>/dev/null
)
((${#found[@]} > 0)) || exit 0
if ! type -P git >/dev/null; then
	for repository in "${found[@]}"; do say 'a repository, and no git to look into it' "$repository"; done
	exit 0
fi
for repository in "${found[@]}"; do look "$repository"; done
