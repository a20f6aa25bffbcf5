// The files of a build context that dvm itself reads. Apart from context-plan.ts, so that who packs one does not load what reads ignore files.

/**
 * At the top: what dvm itself reads. An ignore file does not hide them, as every builder has it for the Containerfile (`*` with a few
 * `!names` is common), and one that is a link, into a directory of dotfiles for example, counts as the file that it leads to.
 */
export const readByDvm: readonly string[] = ['Containerfile', 'packages.txt', 'dvm-packages.txt']
