// A stand-in for podman in a guest that knows images by their names: for scripts with a real bash. It needs no other program.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivate, writeProgram } from './temporary.ts'

export interface GuestPodman {
  /** Its images, `NAME ID HASH` each; the hash is that of the label, `-` without one. */
  readonly images: () => readonly string[]
  /** What it was asked. */
  readonly calls: () => readonly string[]
}

const lines = (path: string): readonly string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []

/**
 * @param images as it tells them
 * @param used ids that containers use
 * @param makes `ID HASH` of what `build` and `load` bring; without it they fail
 */
export const guestPodman = (
  directory: string,
  images: readonly string[],
  { used = [], makes }: { readonly used?: readonly string[]; readonly makes?: string } = {},
): GuestPodman => {
  const store = join(directory, 'images')
  const journal = join(directory, 'podman-calls')
  writePrivate(store, images.map((image) => `${image}\n`).join(''))
  writeProgram(
    join(directory, 'podman'),
    `#!/bin/bash
echo "$*" >>'${journal}'
used=' ${used.join(' ')} '
last=\${@: -1}
mapfile -t images <'${store}'
save() { printf '%s\\n' "\${images[@]}" >'${store}'; }
# The image of a name goes on without one, when it was its only name.
lose() {
	local at others
	for at in "\${!images[@]}"; do
		read -r name id hash <<<"\${images[at]}"
		[[ $name == "$1" ]] || continue
		unset "images[at]"
		others=" \${images[*]} "
		[[ $2 == forget || $others == *" $id "* ]] || images+=("<none>:<none> $id $hash")
		return 0
	done
	return 1
}
find() {
	local image
	for image in "\${images[@]}"; do
		read -r name id hash <<<"$image"
		[[ $name == "$1" ]] && return 0
	done
	return 125
}
take() { lose "$1" keep; images+=("$1 $2"); save; }
case "$1 $2" in
'image inspect') find "$last" && echo "$id \${hash/#-/}" ;;
'images --format') for image in "\${images[@]}"; do echo "\${image%% *}"; done ;;
'tag '*) find "$2" && take "$3" "$id $hash" ;;
'image rm')
	for word in "\${@:3:$#-3}"; do [[ $word == --no-prune ]] || exit 64; done
	find "$last" || exit 1
	others=" \${images[*]/#$last */} "
	[[ $others == *" $id "* || $used != *" $id "* ]] || exit 2
	lose "$last" forget; save ;;
'build '*|'load '*) mapfile; [[ '${makes ?? ''}' ]] && take localhost/dvm-dev-base:latest '${makes ?? ''}' ;;
*) exit 64 ;;
esac
`,
  )
  return { images: () => lines(store).toSorted(), calls: () => lines(journal) }
}
