// Files that editors and file managers keep beside the one that is edited. They come and go by themselves and belong to nothing.

/**
 * By name: swap files of vim and Kate, vim's probe of a directory (4913), backups, Emacs' locks and autosaves, what GTK's editors and
 * JetBrains' write to before they rename it, and Finder's notes.
 */
const own = /^(\..*\.(sw.|kate-swp)|4913|.+~|\.#.+|#.+#|\.goutputstream-.*|.*___jb_(tmp|old)___|\.DS_Store)$/s

/** True for a file's name, without its directory. */
export const isEditorFile = (name: string): boolean => own.test(name)
