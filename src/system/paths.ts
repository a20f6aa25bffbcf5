// Where the package's own files are: the same depth from src and from dist.
import { fileURLToPath } from 'node:url'

/** The path of a file that ships with dvm, for example `templates/lima.yaml`. */
export const packagePath = (relative: string): string =>
  fileURLToPath(new URL(`../../${relative}`, import.meta.url))
