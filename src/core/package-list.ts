// packages.txt: what the package manager is to install, and nothing that would tell it to do something else. Pure.
import { DvmError } from './errors.ts'
import { numbered } from './numbered.ts'

/**
 * Names, versions, groups, patterns, what a package provides, paths and addresses: dnf and apt know them apart. No option, no `name-`, which
 * to apt means to remove it, and nothing that only a shell knows.
 */
const packageWord = /^(?!-)[!#%()*+,./0-9:=?@A-Z[\]^_a-z{}~-]+(?<!-)$/

/** A byte order mark, a blank that does not break: what cannot be seen is told by its number. */
const visible = (word: string): string => numbered(JSON.stringify(word), /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu)

/**
 * A package a line, however the package manager takes it; several with blanks between them are packages as well, as the shell splits
 * them. What follows a # is a comment.
 * @throws DvmError `config` with the file and line of the first word that is no package
 */
export const checkPackages = (text: string, path: string): void => {
  for (const [index, line] of text.split('\n').entries())
    // Not \s: what the shell does not split at, a carriage return for example, is part of the name.
    for (const word of line.replace(/#.*/s, '').split(/[ \t]+/))
      if (word !== '' && !packageWord.test(word))
        throw new DvmError('config', `${path}:${index + 1}: ${visible(word)} is no package`, {
          hint: 'correct that line (one package a line, no options), then run the same command again',
        })
}
