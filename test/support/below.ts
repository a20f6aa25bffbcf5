// All paths below a directory, and where its links lead. Node's own recursive readdir follows links.
import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

export const below = (root: string, path = ''): string[] =>
  readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
    const inner = join(path, entry.name)
    if (entry.isSymbolicLink()) return [`${inner} -> ${readlinkSync(join(root, inner))}`]
    return entry.isDirectory() ? [inner, ...below(root, inner)] : [inner]
  })
