#!/bin/bash
# Finds git work below the current directory that exists nowhere else. Run over stdin, as whoever owns it: in a project inside its
# container, because a repository's own settings can name programs for git to run. Prints pairs that end in NUL: what, path.
set -u
# Where a link leads, because find does not follow the one that it starts at.
cd -P . || exit

# For every repository, from whoever it is; nothing that a hook or a file system monitor would add. Never one further up: git would go on
# looking where it finds that this one is damaged.
git_in() {
	local repository=$1
	shift
	GIT_OPTIONAL_LOCKS=0 git -c safe.directory='*' -c core.fsmonitor=false -c core.hooksPath=/dev/null \
		-C "$repository" --git-dir=.git "$@" </dev/null
}

say() { printf '%s\0%s\0' "$1" "$2"; }

# ask REPOSITORY COMMAND…: sets answer. Where git fails, nobody knows what would be lost: that is told, with git's last words.
ask() {
	if answer=$(git_in "$@" 2>/dev/null); then return 0; fi
	answer=$(git_in "$@" 2>&1 >/dev/null)
	say "git fails in it (${answer##*$'\n'})" "$1"
	return 1
}

look() {
	local repository=$1 answer
	# What other branches' directories belong to has none of its own.
	ask "$repository" rev-parse --is-bare-repository || return
	if [[ $answer != true ]]; then
		ask "$repository" status --porcelain --untracked-files=normal --ignore-submodules=none || return
		[[ -z $answer ]] || say 'uncommitted changes' "$repository"
	fi
	ask "$repository" for-each-ref refs/stash || return
	[[ -z $answer ]] || say 'stashed changes' "$repository"
	# Commits are on branches, or on none (a detached HEAD, in the middle of a rebase). A repository without any has no HEAD to count from.
	local from=(--branches)
	! git_in "$repository" rev-parse --quiet --verify HEAD >/dev/null 2>&1 || from+=(HEAD)
	ask "$repository" rev-list --count "${from[@]}" --not --remotes || return
	((answer == 0)) || say "$answer unpushed commit$( ((answer == 1)) || echo s)" "$repository"
	# A tag may be on a remote as well: nobody here can tell, so these are named apart.
	ask "$repository" rev-list --count --tags --not "${from[@]}" --remotes || return
	((answer == 0)) || say "$answer commit$( ((answer == 1)) || echo s) only on tags" "$repository"
}

found=()
while IFS= read -r -d '' entry; do found+=("${entry%/.git}"); done < <(
	# The directory itself may have any name.
	find "$PWD" -mindepth 1 -maxdepth 6 \( -name node_modules -o -name .cache -o -name .venv \) -prune -o -name .git -prune -print0 2>/dev/null
)
((${#found[@]} > 0)) || exit 0
if ! type -P git >/dev/null; then
	for repository in "${found[@]}"; do say 'a repository, and no git to look into it' "$repository"; done
	exit 0
fi
for repository in "${found[@]}"; do look "$repository"; done
exit 0
