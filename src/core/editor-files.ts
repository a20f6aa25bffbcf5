// Files that editors keep beside the one that is edited. They come and go by themselves and belong to nothing.

/** By name: vim's swap files and its probe of a directory (4913), backups, Emacs' locks and autosaves. */
const own = /^(\..*\.sw.|4913|.*~|\.#.*|#.*#)$/s

/** True for a file's name, without its directory. */
export const isEditorFile = (name: string): boolean => own.test(name)
