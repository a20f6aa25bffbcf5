// packages.txt: names of packages and nothing else. The Containerfiles hand its words to the package manager unquoted, where an option or a
// pattern would be obeyed. Pure.
import { DvmError } from './errors.ts'

/**
 * What dnf and apt take for a package: `name`, `@group`, `name=version`, `name:arch`, `name/release`. Not `name-`, which to apt means
 * remove it.
 */
const packageName =
  /^@?[A-Za-z0-9](?:[A-Za-z0-9+._:~=-]*[A-Za-z0-9+._~])?(?:\/[A-Za-z0-9][A-Za-z0-9+._~-]*)?$/

/**
 * A name a line; several with blanks between them are names as well, as the shell splits them. What follows a # is a comment.
 * @throws DvmError `config` with the file and line of the first word that is no name
 */
export const checkPackages = (text: string, path: string): void => {
  for (const [index, line] of text.split('\n').entries())
    // Not \s: what the shell does not split at, a carriage return for example, is part of the name.
    for (const word of line.replace(/#.*/s, '').split(/[ \t]+/))
      if (word !== '' && !packageName.test(word))
        throw new DvmError(
          'config',
          `${path}:${index + 1}: ${JSON.stringify(word)} is not the name of a package`,
          {
            hint: 'correct that line (one name a line, neither options nor patterns), then run the same command again',
          },
        )
}
